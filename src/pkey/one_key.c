#include "pkey/one_key.h"

#include <errno.h>
#include <stdlib.h>

#include "core/fork_mutex.h"
#include "pkey/one_key_held.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // for all, and last
static struct one_key *all;
static CK_ULONG last;
FORK_MUTEX(mutex, FORK_MUTEX_INNER);

static _Thread_local CK_ULONG shown;

struct one_key *one_key_new(struct ssa_signer *signer, const struct key *numbers, struct ssa_error *err)
{
    struct one_key *one = calloc(1, sizeof *one);
    if (one == NULL) {
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a key");
        return NULL;
    }
    *one =
        (struct one_key){.signer = signer, .modulus_len = numbers->modulus_len, .exponent_len = numbers->exponent_len};
    memcpy(one->modulus, numbers->modulus, sizeof one->modulus);
    memcpy(one->exponent, numbers->exponent, sizeof one->exponent);
    handle_keep(signer);
    (void)pthread_mutex_lock(&mutex);
    one->number = ++last;
    one->next = all;
    all = one;
    (void)pthread_mutex_unlock(&mutex);
    return one;
}

void one_key_free(struct one_key *one)
{
    (void)pthread_mutex_lock(&mutex);
    struct one_key **at = &all;
    while (*at != one)
        at = &(*at)->next;
    *at = one->next;
    (void)pthread_mutex_unlock(&mutex);
    handle_drop(one->signer);
    free(one);
}

void one_key_show(const struct one_key *one)
{
    shown = one == NULL ? 0 : one->number;
}

CK_ULONG one_key_shown(void)
{
    return shown;
}

bool one_key_take(CK_ULONG number, struct one_key *copy)
{
    (void)pthread_mutex_lock(&mutex);
    const struct one_key *one = all;
    while (one != NULL && one->number != number)
        one = one->next;
    if (one != NULL) {
        *copy = *one;
        handle_keep(one->signer);
    }
    (void)pthread_mutex_unlock(&mutex);
    return one != NULL;
}

bool one_key_is_there(CK_ULONG number)
{
    struct one_key copy;
    if (!one_key_take(number, &copy))
        return false;
    handle_drop(copy.signer);
    return true;
}
