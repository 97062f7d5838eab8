// The access token that an earlier run left in the kernel's keyring (docs/decisions/013-keyring.md). Where the keyring
// cannot be used, that is told, and everything goes on without it.
#pragma once

#include "keyring/entry.h"
#include "signer/assertion.h"

struct token_cache {
    const struct ssa_run *run;
    const struct ssa_cache *wanted;
    bool used;
    bool *told;        // that the keyring cannot be used
    int lock;          // a file descriptor; the process that has the lock fetches, and others wait; -1 for none
    uint8_t *identity; // whose access token for what it is
    size_t identity_len;
};

// A cache that is not begun.
static inline void token_cache_none(struct token_cache *cache)
{
    *cache = (struct token_cache){.lock = -1};
}

// Begins to use the keyring for the access token that the assertion is for, if wanted (which may be NULL) or the
// settings say so. *told is false at first; several caches may share it. Fails with SSA_CONFIG for a setting that is
// not valid.
bool token_cache_begin(struct token_cache *cache, const struct ssa_run *run, const struct ssa_cache *wanted,
                       const struct assertion *a, bool *told, struct ssa_error *err) MUST_CHECK;

// Appends the API's answer that is kept to the empty *answer, and returns the seconds for which its access token is
// valid. Returns 0 where there is none that is valid for long enough. Then the caller fetches one: other processes that
// want the same one wait for that, but not for ever.
unsigned token_cache_take(struct token_cache *cache, struct secret *answer);

// Keeps the API's answer to a request that was sent at that time, or later.
void token_cache_keep(struct token_cache *cache, const struct secret *answer, struct keyring_time sent);

void token_cache_end(struct token_cache *cache);
#define TOKEN_CACHE_AUTO __attribute__((cleanup(token_cache_end))) struct token_cache
