// The signer with a leak, which the proof must find: linked with --wrap=unlocker_ask_secret, it keeps a copy of the PIN
// that a person has given.
#include <string.h>

#include "agent/signer/unlocker.h"

bool __real_unlocker_ask_secret(void *process, const char *prompt, char *answer, size_t capacity, size_t *len,
                                struct ssa_error *err);
bool __wrap_unlocker_ask_secret(void *process, const char *prompt, char *answer, size_t capacity, size_t *len,
                                struct ssa_error *err);

static char kept[64];

bool __wrap_unlocker_ask_secret(void *process, const char *prompt, char *answer, size_t capacity, size_t *len,
                                struct ssa_error *err)
{
    const bool done = __real_unlocker_ask_secret(process, prompt, answer, capacity, len, err);
    memcpy(kept, answer, *len < sizeof kept ? *len : sizeof kept);
    return done;
}
