// What the unit tests share: cmocka with the headers it needs, failures in full, and a folder to write in.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka's header needs the four above.
#include <cmocka.h>

#include <sys/stat.h>

#include "core/error.h"
#include "core/secret.h"

// Asserts that a call succeeded; where it did not, the error that it left in the local `err` is shown.
#define SUCCEEDS(call)                                                                                                 \
    do {                                                                                                               \
        if (!(call))                                                                                                   \
            fail_msg("%s: %s: %s (%s)", #call, err.subject, err.what, err.cause);                                      \
    } while (0)

// Asserts that a call failed, with this class, and that the message has `mention` in it.
#define FAILS(call, expected_class, mention)                                                                           \
    do {                                                                                                               \
        err = (struct ssa_error){0};                                                                                   \
        if (call)                                                                                                      \
            fail_msg("%s: succeeded", #call);                                                                          \
        unit_check_error(&err, expected_class, mention, #call);                                                        \
    } while (0)

// The address sanitizer has an mlock of its own, which does nothing.
#ifdef __has_feature // clang
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
enum { UNIT_MLOCK_WORKS = 0 };
#else
enum { UNIT_MLOCK_WORKS = 1 };
#endif

void unit_check_error(const struct ssa_error *err, enum ssa_class expected, const char *mention, const char *call);

// Fills a new secret with text; the caller frees it.
void unit_secret(struct secret *s, size_t capacity, struct span text);

// A folder of the test's own, removed with all that is in it at tear-down. HOME, XDG_CONFIG_HOME and
// XDG_STATE_HOME point into it: "home", "config" and "state", of which none exists yet.
int unit_folder(void **state);
int unit_folder_gone(void **state);
extern char unit_in[64]; // its path

// Writes a file under the folder, with the folders it needs, and returns its path (overwritten by the fourth
// next call).
const char *unit_write(const char *name, const char *text, mode_t mode);
const char *unit_path(const char *name);

// What was told through struct ssa_callbacks.
struct unit_heard {
    unsigned count;
    enum ssa_level level; // of the last
    char line[2048];      // the last
};
void unit_tell(void *heard, enum ssa_level level, const struct ssa_notice *notice);

// The same numbers in every run: a failure can be had again.
uint32_t unit_random(uint32_t below);

// Leaves root and its capabilities behind, in a child.
void unit_drop_privileges(void);

// Makes this program the one that loads modules for its tests (SSA_HSM_HOST). Where it was started as that, with what
// it is to do in ACT, it calls act.
bool unit_is_own_host(void (*act)(const char *what));

// Runs a check in a child of its own; asserts that it returned true.
void unit_in_child(bool (*check)(void *), void *context);
