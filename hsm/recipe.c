// The table of tokens. Measured with a probe that imports, signs, verifies, reads back, deletes and mistypes
// PINs.
#include "hsm/recipe.h"

static const struct recipe table[] = {
    // Also through p11-kit's remoting, which passes the token's own words on.
    {.name = "SoftHSM",
     .token_manufacturer = "SoftHSM",
     .import_as = IMPORT_AS_USER,
     .parts = PART_ALL,
     .public_half = true},

    // Knows no CKA_ALWAYS_AUTHENTICATE: absent means false. Data objects live in a session alone and in
    // public:
    // else CKR_ATTRIBUTE_VALUE_INVALID. Its data base has no place for CKA_ALLOWED_MECHANISMS:
    // CKR_GENERAL_ERROR.
    {.name = "NSS softokn",
     .module_manufacturer = "Mozilla Foundation",
     .token_manufacturer = "Mozilla Foundation",
     .import_as = IMPORT_AS_USER,
     .parts = PART_ALL & ~PART_MECHANISMS,
     .no_data = true,
     .public_half = true},

    // Signs with CKM_RSA_PKCS alone; wants all eight numbers; two wrong PINs set FINAL_TRY, three lock.
    {.name = "opencryptoki",
     .module_manufacturer = "IBM",
     .library = "Meta PKCS11",
     .token_manufacturer = "IBM",
     .model = "IBM SoftTok",
     .import_as = IMPORT_AS_USER,
     .parts = PART_ALL,
     .public_half = true,
     .pin_tries = 3,
     .unlock = "Its security officer sets a new PIN: `pkcsconf -u -c SLOT`"},

    // CKR_ATTRIBUTE_VALUE_INVALID for any private key; no flag ever tells of wrong PINs.
    {.name = "tpm2-pkcs11",
     .module_manufacturer = "tpm2-software.github.io",
     .import_as = IMPORT_NEVER,
     .instead =
         "Its own tool imports a PEM (tpm2_ptool import), which then is on the disk first; such a key serves "
         "`ssa-hsm token`. For a key that no file has held, use a token that can import.",
     .pin_tries = 3,
     .unlock = "A TPM forgets wrong PINs with time, or by `tpm2_dictionarylockout --clear-lockout`; the "
               "right PIN does not make it"},

    // YubiKey PIV. The SO PIN is the management key. PRIVATE, EXTRACTABLE, SIGN, DECRYPT, N and D are
    // CKR_ATTRIBUTE_TYPE_INVALID in a template: the card decides them. A key without a certificate is not
    // found by
    // another process (firmware before 5.3), and touching it in the importing one crashes the module.
    {.name = "YubiKey PIV",
     .module_manufacturer = "Yubico",
     .library = "PKCS#11 PIV Library",
     .token_manufacturer = "Yubico",
     .model = "YubiKey",
     .import_as = IMPORT_AS_SO,
     .parts = PART_TOKEN | PART_SENSITIVE,
     .slots = true,
     // The attestation certificate. A card's answer that is an error counts as "no such object" in ykcs11:
     // all of
     // them together look like an empty card.
     .witness = 25,
     .witness_since = 5,
     .keeps_destroyed = true,
     // C_CreateObject knows keys and certificates alone.
     .no_data = true,
     .removal = "yubico-piv-tool -k -s %s -A RSA2048 -a generate -a delete-certificate -o /dev/null",
     .certificate_removal = "yubico-piv-tool -k -s %s -a delete-certificate",
     .wants_touch = true,
     .pin_max = 8,
     .so_pin_hex = 48,
     .so_pin_name = "management key",
     .so_pin_factory = "010203040506070801020304050607080102030405060708",
     .so_pin_refused =
         "Is it this card's? The factory's is none any more once it was changed. And a YubiKey of firmware "
         "5.7 or later ships with an AES key, which ykcs11 2.2 does not "
         "know: `ykman piv access change-management-key --algorithm TDES` gives it one that it knows.",
     .pin_tries = 3,
     .unlock = "The PUK sets a new PIN: `yubico-piv-tool -a unblock-pin`"},

    // CKR_FUNCTION_NOT_SUPPORTED for an import; sees a key only beside its certificate.
    {.name = "a PIV card through OpenSC",
     .module_manufacturer = "OpenSC",
     .model = "PKCS#15 emulated",
     .import_as = IMPORT_NEVER,
     .instead = "It signs with keys that are there. To put one into a YubiKey or another PIV card use its "
                "own module: "
                "Debian's package ykcs11, --module /usr/lib/x86_64-linux-gnu/libykcs11.so.",
     .no_data = true,
     .label_changes = true,
     .wants_touch = true},
};

static const struct recipe unknown = {.name = "an unknown token",
                                      .import_as = IMPORT_AS_USER,
                                      .parts = PART_ALL,
                                      .unknown = true,
                                      .public_half = true};

// Cryptoki's text has a fixed width and no NUL. NULL is the beginning of everything.
static bool begins(const CK_UTF8CHAR *text, size_t width, const char *start)
{
    const size_t len = start == NULL ? 0 : strlen(start);
    return len <= width && (len == 0 || memcmp(text, start, len) == 0);
}

static bool by_module(const struct recipe *r, const CK_INFO *module, const CK_TOKEN_INFO *token)
{
    return r->module_manufacturer != NULL &&
           begins(module->manufacturerID, sizeof module->manufacturerID, r->module_manufacturer) &&
           begins(module->libraryDescription, sizeof module->libraryDescription, r->library) &&
           begins(token->model, sizeof token->model, r->model);
}

static bool by_token(const struct recipe *r, const CK_TOKEN_INFO *token)
{
    return r->token_manufacturer != NULL &&
           begins(token->manufacturerID, sizeof token->manufacturerID, r->token_manufacturer) &&
           begins(token->model, sizeof token->model, r->model);
}

const struct recipe *recipe_for(const CK_INFO *module, const CK_TOKEN_INFO *token)
{
    const size_t count = sizeof table / sizeof table[0];
    // The module knows best; behind one that only passes calls on, the token's own words are what there is.
    for (size_t i = 0; i < count; i++)
        if (by_module(&table[i], module, token))
            return &table[i];
    for (size_t i = 0; i < count; i++)
        if (by_token(&table[i], token))
            return &table[i];
    return &unknown;
}
