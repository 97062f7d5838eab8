// The table was measured with a probe that imports, signs, verifies, reads back, deletes and mistypes PINs.
#include "hsm/module/quirks.h"

// It signs only with CKM_RSA_PKCS, and wants all eight numbers. Two wrong PINs set FINAL_TRY, three lock.
#define OPENCRYPTOKI                                                                                                   \
    .name = "opencryptoki", .module_manufacturer = "IBM", .token_manufacturer = "IBM", .import_as = IMPORT_AS_USER,    \
    .parts = PART_ALL, .public_half = true, .pin_tries = 3,                                                            \
    .unlock = "Its security officer sets a new PIN: `pkcsconf -u -c SLOT`"

// Cards that OpenSC shows.
#define OPENSC_CARD                                                                                                    \
    .module_manufacturer = "OpenSC", .model = "PKCS#15 emulated", .import_as = IMPORT_NEVER, .one_at_a_time = true

#define BY_PKCS11_TOOL "`pkcs11-tool --module opensc-pkcs11.so "
// The card has places for three keys. With the admin PIN a key is overwritten without a warning. C_CreateObject as the
// user, or with another id, is CKR_ARGUMENTS_BAD. The card shows as two tokens with one serial number, one of them for
// signatures. A data object gets the name of its place, whatever its label was.
#define OPENPGP_CARD                                                                                                   \
    OPENSC_CARD,                                                                                                       \
        .name = "an OpenPGP card through OpenSC",                                                                      \
        .instead = "With the admin PIN a key can be stored in place 03, over the one that is there: " BY_PKCS11_TOOL   \
                   "--login --login-type so --write-object KEY.der --type privkey --id 03`.",                          \
        .no_data = true, .wants_touch = true, .pin_tries = 3,                                                          \
        .unlock = "Its admin PIN sets a new PIN: `gpg --card-edit`, admin, passwd"

#define PKCS15_CARD                                                                                                    \
    .module_manufacturer = "OpenSC", .model = "PKCS#15", .import_as = IMPORT_NEVER, .one_at_a_time = true,             \
    .instead = "OpenSC's module would mark the key as readable. OpenSC's tool does not: `pkcs15-init "                 \
               "--store-private-key KEY.pem --auth-id 01 --id 01 --key-usage sign`."

static const struct quirks table[] = {
    // It is known through p11-kit's remoting, too, which passes on what the token says.
    {.name = "SoftHSM",
     .token_manufacturer = "SoftHSM",
     .import_as = IMPORT_AS_USER,
     .parts = PART_ALL,
     .public_half = true,
     .low_at_once = true,
     .rewritten_by = "SoftHSM"},

    // It does not know CKA_ALWAYS_AUTHENTICATE: absent means false. It takes only public data objects of a session;
    // others are CKR_ATTRIBUTE_VALUE_INVALID. Its data base has no place for CKA_ALLOWED_MECHANISMS: CKR_GENERAL_ERROR.
    {.name = "NSS softokn",
     .module_manufacturer = "Mozilla Foundation",
     .token_manufacturer = "Mozilla Foundation",
     .import_as = IMPORT_AS_USER,
     .parts = PART_ALL & ~PART_MECHANISMS,
     .no_data = true,
     .public_half = true},

    {OPENCRYPTOKI, .library = "Meta PKCS11", .model = "IBM SoftTok", .low_at_once = true},
    // Its new name since 3.27. It can unwrap keys, but makes each of them extractable and not sensitive: the rehearsal
    // sees that.
    {OPENCRYPTOKI, .library = "openCryptoki", .model = "Soft"},

    // Any private key is CKR_ATTRIBUTE_VALUE_INVALID. No flag ever tells of wrong PINs.
    {.name = "tpm2-pkcs11",
     .module_manufacturer = "tpm2-software.github.io",
     .import_as = IMPORT_NEVER,
     .instead = "Its own tool imports a key from a PEM file (tpm2_ptool import), so that the key is on the disk "
                "first. For a key that is never in a file, use a token that can import.",
     .one_at_a_time = true,
     .pin_tries = 3,
     .unlock = "A TPM forgets wrong PINs with time, or by `tpm2_dictionarylockout --clear-lockout`, but not when "
               "the right PIN is given"},

    // The SO PIN is the management key. PRIVATE, EXTRACTABLE, SIGN, DECRYPT, N and D are CKR_ATTRIBUTE_TYPE_INVALID in
    // a template: the card decides them. Another process does not find a key without a certificate (firmware before
    // 5.3), and the process that imported it crashes when it touches it.
    {.name = "YubiKey PIV",
     .module_manufacturer = "Yubico",
     .library = "PKCS#11 PIV Library",
     .token_manufacturer = "Yubico",
     .model = "YubiKey",
     .import_as = IMPORT_AS_SO,
     .parts = PART_TOKEN | PART_SENSITIVE,
     .slots = true,
     // The attestation certificate. ykcs11 takes every error of the card for "no such object": a card that gives only
     // errors looks empty.
     .witness = 25,
     .witness_since = 5,
     .keeps_destroyed = true,
     // C_CreateObject knows only keys and certificates.
     .no_data = true,
     .removal = "yubico-piv-tool -k -s %s -A RSA2048 -a generate -a delete-certificate -o /dev/null",
     .certificate_removal = "yubico-piv-tool -k -s %s -a delete-certificate",
     .wants_touch = true,
     .one_at_a_time = true,
     .resets_card = true,
     .pin_max = 8,
     .so_pin_hex = 48,
     .so_pin_name = "management key",
     .so_pin_factory = "010203040506070801020304050607080102030405060708",
     .so_pin_refused =
         "Is it the key of this card? The factory's key is not valid any more once it was changed. A YubiKey with "
         "firmware 5.7 or later ships with an AES key, which ykcs11 2.2 does not know: `ykman piv access "
         "change-management-key --algorithm TDES` sets a key that it knows.",
     .pin_tries = 3,
     .unlock = "The PUK sets a new PIN: `yubico-piv-tool -a unblock-pin`"},

    // An import is CKR_FUNCTION_NOT_SUPPORTED. A key is seen only beside its certificate.
    {OPENSC_CARD, .name = "a PIV card through OpenSC", .token_manufacturer = "piv_II", .token_too = true,
     .instead = "It signs with keys that the card holds. To import a key into a YubiKey or another PIV card, use "
                "its own module, which Debian has as /usr/lib/x86_64-linux-gnu/libykcs11.so (package ykcs11).",
     .no_data = true, .label_changes = true, .wants_touch = true},

    {OPENPGP_CARD, .token_manufacturer = "OpenPGP project", .token_too = true},
    // OpenSC tells the card's own maker, where it knows the maker's number. The label comes from OpenSC.
    {OPENPGP_CARD, .label = "OpenPGP card"},

    // It takes a key from the user, and gives it a number of its own as soon as the card is read again: so a key whose
    // import was broken off could not be told from others. Session keys are CKR_ARGUMENTS_BAD.
    {OPENSC_CARD, .name = "a GIDS card through OpenSC", .token_manufacturer = "www.mysmartlogon.com", .token_too = true,
     .instead = "The card does not keep the id of a key. OpenSC's tool can store one: " BY_PKCS11_TOOL
                "--login --write-object KEY.der --type privkey --label NAME --usage-sign`.",
     .no_data = true},

    // C_CreateObject writes into the card's directory that the key may be read, whatever the template says. MyEID turns
    // a session key into a token object.
    {PKCS15_CARD, .name = "MyEID through OpenSC", .token_manufacturer = "Aventra", .token_too = true},
    // IsoApplet's profile names no maker.
    {PKCS15_CARD, .name = "a card like IsoApplet through OpenSC", .token_manufacturer = "unknown", .token_too = true},

    // A private key is CKR_FUNCTION_NOT_SUPPORTED. It takes data objects.
    {OPENSC_CARD, .name = "SmartCard-HSM through OpenSC", .token_manufacturer = "www.CardContact.de", .token_too = true,
     .instead = "It takes a key only if it is wrapped for the card's DKEK: `sc-hsm-tool --unwrap-key`."},

    // Other cards that OpenSC shows. A rehearsal finds out what each of them takes.
    {.name = "a card through OpenSC",
     .module_manufacturer = "OpenSC",
     .model = "PKCS#15",
     .import_as = IMPORT_AS_USER,
     .instead = "OpenSC's own tool may store a key from a file: `pkcs15-init --store-private-key KEY.pem --auth-id "
                "01 --id 01`.",
     .parts = PART_ALL,
     .one_at_a_time = true,
     .unknown = true,
     .public_half = true},
};

static const struct quirks unknown = {
    .name = "an unknown token", .import_as = IMPORT_AS_USER, .parts = PART_ALL, .unknown = true, .public_half = true};

// Cryptoki's text has a fixed width and no NUL. Where start is NULL, every text begins with it.
static bool begins(const CK_UTF8CHAR *text, size_t width, const char *start)
{
    const size_t len = start == NULL ? 0 : strlen(start);
    return len <= width && (len == 0 || memcmp(text, start, len) == 0);
}

static bool is_module(const struct quirks *r, const CK_INFO *module)
{
    return r->module_manufacturer != NULL &&
           begins(module->manufacturerID, sizeof module->manufacturerID, r->module_manufacturer) &&
           begins(module->libraryDescription, sizeof module->libraryDescription, r->library);
}

static bool by_module(const struct quirks *r, const CK_INFO *module, const CK_TOKEN_INFO *token)
{
    return is_module(r, module) &&
           (!r->token_too || begins(token->manufacturerID, sizeof token->manufacturerID, r->token_manufacturer)) &&
           begins(token->model, sizeof token->model, r->model) && begins(token->label, sizeof token->label, r->label);
}

static bool by_token(const struct quirks *r, const CK_TOKEN_INFO *token)
{
    return r->token_manufacturer != NULL &&
           begins(token->manufacturerID, sizeof token->manufacturerID, r->token_manufacturer) &&
           begins(token->model, sizeof token->model, r->model);
}

bool quirks_resets_card(const CK_INFO *module)
{
    for (size_t i = 0; i < COUNT(table); i++)
        if (table[i].resets_card && is_module(&table[i], module))
            return true;
    return false;
}

bool quirks_rewrites(const CK_INFO *module)
{
    for (size_t i = 0; i < COUNT(table); i++)
        if (table[i].rewritten_by != NULL &&
            begins(module->manufacturerID, sizeof module->manufacturerID, table[i].rewritten_by))
            return true;
    return false;
}

bool quirks_reads_cards(const char *path)
{
    // It must be known before the module is loaded, so that only the file can tell.
    static const char *const files[] = {"opensc-pkcs11", "onepin-opensc-pkcs11", "pkcs11-spy", "libykcs11",
                                        "libeToken",     "libIDPrimePKCS11",     "libcvP11",   "libbit4xpki",
                                        "libASEP11"};
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    for (size_t i = 0; i < COUNT(files); i++)
        if (strncmp(name, files[i], strlen(files[i])) == 0)
            return true;
    return false;
}

const struct quirks *quirks_for(const CK_INFO *module, const CK_TOKEN_INFO *token)
{
    // The module is asked first. Behind one that only passes calls on, only the token tells what it is.
    for (size_t i = 0; i < COUNT(table); i++)
        if (by_module(&table[i], module, token))
            return &table[i];
    for (size_t i = 0; i < COUNT(table); i++)
        if (by_token(&table[i], token))
            return &table[i];
    return &unknown;
}
