// The one buffer type for secrets: key material, PINs, client secrets, access tokens, and texts that contain
// them.
//
// The memory has a mapping of its own, which is locked (mlock), left out of core dumps (MADV_DONTDUMP), and
// not inherited by children (MADV_WIPEONFORK); the last two where the kernel has them. It is wiped before it
// is unmapped. The capacity never changes, so that growing cannot leave a copy behind.
#pragma once

#include "core/error.h"
#include "core/span.h"

struct secret {
    uint8_t *data;
    size_t len;      // bytes in use, at most capacity
    size_t capacity; // bytes that fit; there is one more byte for a NUL
    size_t mapped;
    bool locked;    // false where mlock was refused (RLIMIT_MEMLOCK, a sandbox)
    int not_locked; // the errno of mlock then
};

// Makes an empty buffer of capacity bytes in *s, which the caller frees. A refused mlock is not an error
// here: see s->locked and secret_must_be_locked. Fails with SSA_UNEXPECTED when there is no memory.
bool secret_new(struct secret *s, size_t capacity, struct ssa_error *err) MUST_CHECK;

// Fails with SSA_CONFIG when the buffer could be written to swap.
bool secret_must_be_locked(const struct secret *s, struct ssa_error *err) MUST_CHECK;

// Appends bytes. False when they do not fit; then nothing is appended. A NUL that does not count follows the
// content.
bool secret_append(struct secret *s, struct span bytes) MUST_CHECK;
bool secret_append_text(struct secret *s, const char *text) MUST_CHECK;

// Wipes the content and keeps the buffer.
void secret_clear(struct secret *s);

// Wipes and unmaps. A zeroed struct, and a second call, do no harm.
void secret_free(struct secret *s);

// Reads fd to its end. Fails with SSA_CONFIG when there is more than the capacity, or when read(2) fails.
bool secret_read_fd(struct secret *s, int fd, const char *subject, struct ssa_error *err) MUST_CHECK;

// Does one read(2) of that. *end is true at the end. On failure errno also says why.
bool secret_read_part(struct secret *s, int fd, const char *subject, bool *end, struct ssa_error *err) MUST_CHECK;

// Drops one line break (LF or CRLF) from the end, as editors and `echo` add it.
void secret_drop_newline(struct secret *s);

static inline struct span secret_span(const struct secret *s)
{
    return span_of(s->data, s->len);
}

static inline const char *secret_text(const struct secret *s)
{
    return s->data == NULL ? "" : (const char *)s->data;
}

#define SECRET_AUTO __attribute__((cleanup(secret_free))) struct secret

// Overwrites memory. The compiler cannot leave that out.
void secret_wipe(void *memory, size_t len);

// Overwrites the stack below the caller and the vector registers: memcpy, SHA-2 and the like leave pieces of
// their data there. Called after the last use of a secret on a thread.
void secret_wipe_stack(void);
