// The only type of buffer for secrets: keys, PINs, client secrets, access tokens, and texts that contain them.
//
// Each buffer has its own pages, of a mapping of its own or of secret_range.h. They are locked (mlock) and, if the
// kernel can do that, left out of core dumps (MADV_DONTDUMP) and hidden from child processes (MADV_WIPEONFORK). They
// are wiped before they are given back. The capacity never changes, because a buffer that grows could leave a copy
// behind.
#pragma once

#include "core/error.h"
#include "core/span.h"
#include "core/wipe.h"

struct secret {
    uint8_t *data;
    size_t len;      // bytes in use, at most capacity
    size_t capacity; // bytes that fit; there is one more byte for a NUL
    size_t mapped;
    bool locked;    // false where mlock was refused (RLIMIT_MEMLOCK, a sandbox)
    int not_locked; // the errno of mlock then
};

// Makes an empty buffer of capacity bytes in *s, which the caller frees. It does not fail if mlock is refused: see
// s->locked and secret_must_be_locked. Fails with SSA_UNEXPECTED if there is no memory.
bool secret_new(struct secret *s, size_t capacity, struct ssa_error *err) MUST_CHECK;

// Fails with SSA_CONFIG if the buffer could be written to swap.
bool secret_must_be_locked(const struct secret *s, struct ssa_error *err) MUST_CHECK;

// Appends bytes. Returns false and appends nothing if they do not fit. After the content there is a NUL that does not
// count.
bool secret_append(struct secret *s, struct span bytes) MUST_CHECK;
bool secret_append_text(struct secret *s, const char *text) MUST_CHECK;

// Wipes the content and keeps the buffer.
void secret_clear(struct secret *s);

// Wipes, and gives the pages back. s may be zeroed, or freed before.
void secret_free(struct secret *s);

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
