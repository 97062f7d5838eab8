// The one buffer type for secrets: key material, PINs, client secrets, tokens, and whatever carries them.
//
// The memory is mapped for it alone, locked (mlock), left out of core dumps (MADV_DONTDUMP) and not inherited
// by children (MADV_WIPEONFORK), the last two where the kernel has them; it is wiped before it is unmapped.
// Its capacity is fixed at birth, so no growing leaves a copy behind.
#ifndef SSA_CORE_SECRET_H
#define SSA_CORE_SECRET_H

#include "core/error.h"
#include "core/span.h"

struct secret {
    uint8_t *data;
    size_t len;      // bytes in use, at most capacity
    size_t capacity; // bytes that fit; one more is always there for a final NUL
    size_t mapped;
    bool locked;    // false where mlock was refused (RLIMIT_MEMLOCK, a sandbox)
    int not_locked; // its errno then
};

// Makes an empty buffer of capacity bytes in *s, which the caller frees. A refused mlock is no error here:
// see s->locked and secret_must_be_locked. Fails with SSA_UNEXPECTED when there is no memory.
bool secret_new(struct secret *s, size_t capacity, struct ssa_error *err) MUST_CHECK;

// Fails with SSA_CONFIG, and the fix in the hint, when the buffer could be swapped out.
bool secret_must_be_locked(const struct secret *s, struct ssa_error *err) MUST_CHECK;

// Appends; false when it does not fit (nothing is then appended). A NUL, not counted, always follows the last
// byte.
bool secret_append(struct secret *s, struct span bytes) MUST_CHECK;
bool secret_append_text(struct secret *s, const char *text) MUST_CHECK;

// Forgets the content, keeps the buffer.
void secret_clear(struct secret *s);

// Wipes and unmaps; harmless on a zeroed struct and when called twice.
void secret_free(struct secret *s);

// Reads fd to its end. Fails with SSA_CONFIG when there is more than the capacity, or with the errno of
// read(2).
bool secret_read_fd(struct secret *s, int fd, const char *subject, struct ssa_error *err) MUST_CHECK;

// One read(2) of that: *end is true at the end. On failure errno says why, too.
bool secret_read_part(struct secret *s, int fd, const char *subject, bool *end,
                      struct ssa_error *err) MUST_CHECK;

// Drops one trailing line break (LF or CRLF): what editors and `echo` add to a file with a secret in it.
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

// Overwrites memory that the compiler must not think dead.
void wipe(void *memory, size_t len);

// Overwrites the stack below the caller and the vector registers, where memcpy, SHA-2 and the like leave
// pieces of what they handled. Called after the last use of a secret on a thread.
void wipe_stack_and_registers(void);

#endif
