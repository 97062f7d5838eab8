// A second client of a PKCS#11 token, by libp11: it finds a key that the program put there, reads it and signs with it.
//
//     libp11-client MODULE RESERVED LABEL ID
//
// RESERVED is the string that the module starts with ("" for none), LABEL the token's, ID the key's in hex; the PIN is
// in TEST_PIN. Prints the key's label, its modulus in hex and the signature over "second client" in hex.
#include <libp11.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int right, const char *what)
{
    if (right)
        return;
    (void)fprintf(stderr, "%s failed\n", what);
    ERR_print_errors_fp(stderr);
    exit(EXIT_FAILURE);
}

static PKCS11_SLOT *find_slot(PKCS11_SLOT *slots, unsigned count, const char *label)
{
    for (unsigned i = 0; i < count; i++)
        if (slots[i].token != NULL && strcmp(slots[i].token->label, label) == 0)
            return &slots[i];
    return NULL;
}

static PKCS11_KEY *find_key(PKCS11_SLOT *slot, const char *wanted)
{
    PKCS11_KEY *keys = NULL;
    unsigned count = 0;
    check(PKCS11_enumerate_keys(slot->token, &keys, &count) == 0, "PKCS11_enumerate_keys");
    for (unsigned i = 0; i < count; i++) {
        char id[1024] = "";
        for (size_t at = 0; at < keys[i].id_len && at < 500; at++)
            (void)snprintf(id + 2 * at, 3, "%02x", keys[i].id[at]);
        if (strcmp(id, wanted) == 0)
            return &keys[i];
    }
    return NULL;
}

static void sign(EVP_PKEY *key)
{
    static const unsigned char message[] = "second client";
    unsigned char signature[1024];
    size_t len = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    check(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(context, signature, &len, message, sizeof message - 1) == 1,
          "EVP_DigestSign");
    for (size_t i = 0; i < len; i++)
        (void)printf("%02x", signature[i]);
    (void)printf("\n");
    EVP_MD_CTX_free(context);
}

static void print_modulus(EVP_PKEY *key)
{
    BIGNUM *n = NULL;
    check(EVP_PKEY_get_bn_param(key, "n", &n) == 1, "the modulus");
    char *hex = BN_bn2hex(n);
    (void)printf("%s\n", hex);
    OPENSSL_free(hex);
    BN_free(n);
}

int main(int argc, char **argv)
{
    PKCS11_SLOT *slots = NULL;
    unsigned count = 0;
    const char *pin = getenv("TEST_PIN");
    check(argc == 5 && pin != NULL, "the arguments");
    PKCS11_CTX *context = PKCS11_CTX_new();
    if (argv[2][0] != '\0')
        PKCS11_CTX_init_args(context, argv[2]);
    check(PKCS11_CTX_load(context, argv[1]) == 0, "PKCS11_CTX_load");
    check(PKCS11_enumerate_slots(context, &slots, &count) == 0, "PKCS11_enumerate_slots");
    PKCS11_SLOT *slot = find_slot(slots, count, argv[3]);
    check(slot != NULL, "finding the token");
    check(PKCS11_login(slot, 0, pin) == 0, "PKCS11_login");
    PKCS11_KEY *found = find_key(slot, argv[4]);
    check(found != NULL, "finding the key");
    (void)printf("%s\n", found->label);
    EVP_PKEY *key = PKCS11_get_private_key(found);
    check(key != NULL, "PKCS11_get_private_key");
    print_modulus(key);
    sign(key);
    EVP_PKEY_free(key);
    PKCS11_release_all_slots(context, slots, count);
    PKCS11_CTX_unload(context);
    PKCS11_CTX_free(context);
    return EXIT_SUCCESS;
}
