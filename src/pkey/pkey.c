// An EVP_PKEY of a signer's key, by libp11.
#include <libp11.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "core/fork_mutex.h"
#include "pkey/one_key.h"

// What an EVP_PKEY needs as long as it lives. It belongs to the RSA in the EVP_PKEY, and is freed with it.
struct lasting {
    struct one_key *one;
    PKCS11_CTX *context;
    bool loaded;
    PKCS11_SLOT *slots;
    unsigned count;
};

// libp11 makes some of its own things when they are first used, without a lock.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
FORK_MUTEX(mutex, FORK_MUTEX_OUTER);
static int rsa_index = -1; // of struct lasting, among an RSA's data

static void lasting_free(struct lasting *l)
{
    if (l->slots != NULL)
        PKCS11_release_all_slots(l->context, l->slots, l->count);
    if (l->loaded)
        PKCS11_CTX_unload(l->context);
    if (l->context != NULL)
        PKCS11_CTX_free(l->context);
    if (l->one != NULL)
        one_key_free(l->one);
    free(l);
}

// OpenSSL calls it for each RSA that is freed, after libp11 has given up the key.
static void rsa_is_freed(void *rsa, void *data, CRYPTO_EX_DATA *all, int index, long argument, void *pointer)
{
    (void)rsa;
    (void)all;
    (void)index;
    (void)argument;
    (void)pointer;
    if (data == NULL)
        return;
    (void)pthread_mutex_lock(&mutex);
    lasting_free(data);
    (void)pthread_mutex_unlock(&mutex);
}

static bool failed(struct ssa_error *err, const char *what)
{
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "libp11 makes no key: %s", what);
}

static EVP_PKEY *find_key(struct lasting *l, struct ssa_error *err)
{
    PKCS11_KEY *keys = NULL;
    EVP_PKEY *made = NULL;
    unsigned count = 0;
    if (PKCS11_enumerate_slots(l->context, &l->slots, &l->count) != 0 || l->count != 1 || l->slots[0].token == NULL) {
        (void)failed(err, "it does not see the slot");
        return NULL;
    }
    if (PKCS11_enumerate_keys(l->slots[0].token, &keys, &count) == 0 && count == 1)
        made = PKCS11_get_private_key(&keys[0]);
    if (made == NULL)
        (void)failed(err, "it does not see the key");
    // This ends no login, since libp11 has made none. It only gives up libp11's own reference to the key, which would
    // keep the key for ever.
    (void)PKCS11_logout(&l->slots[0]);
    return made;
}

static EVP_PKEY *load(struct lasting *l, struct ssa_error *err)
{
    const char *path = NULL;
    if (!one_key_file(&path, err))
        return NULL;
    l->context = PKCS11_CTX_new();
    l->loaded = l->context != NULL && PKCS11_CTX_load(l->context, path) == 0;
    if (l->loaded)
        return find_key(l, err);
    (void)failed(err, "it cannot be started");
    return NULL;
}

// From here on the RSA owns it.
static bool give_to_rsa(struct lasting *l, EVP_PKEY *key)
{
    RSA *rsa = (RSA *)(uintptr_t)EVP_PKEY_get0_RSA(key);
    if (rsa_index < 0)
        rsa_index = RSA_get_ex_new_index(0, NULL, NULL, NULL, rsa_is_freed);
    return rsa_index >= 0 && rsa != NULL && RSA_set_ex_data(rsa, rsa_index, l) == 1;
}

static EVP_PKEY *make(struct lasting *l, struct ssa_error *err)
{
    one_key_show(l->one);
    EVP_PKEY *key = load(l, err);
    one_key_show(NULL);
    if (key == NULL || give_to_rsa(l, key))
        return key;
    (void)failed(err, "OpenSSL has no place for what belongs to it");
    EVP_PKEY_free(key);
    return NULL;
}

bool ssa_signer_key(struct ssa_signer *signer, EVP_PKEY **made, struct ssa_error *err)
{
    struct key numbers;
    err = ERROR_OR_IGNORED(err);
    *made = NULL;
    if (!handle_numbers(signer, &numbers, err))
        return false;
    struct lasting *l = calloc(1, sizeof *l);
    if (l == NULL)
        return failed(err, "no memory");
    (void)pthread_mutex_lock(&mutex);
    l->one = one_key_new(signer, &numbers, err);
    *made = l->one != NULL ? make(l, err) : NULL;
    if (*made == NULL)
        lasting_free(l);
    (void)pthread_mutex_unlock(&mutex);
    return *made != NULL;
}
