// The table of tokens. Measured with a probe that imports, signs, verifies, reads back, deletes and mistypes
// PINs.
#include "hsm/module/quirks.h"

#define BY_PKCS11_TOOL "`pkcs11-tool --module opensc-pkcs11.so "
// Three keys, each in a place of its own, that only the admin PIN overwrites, without a word. C_CreateObject
// as the user, or with another id, is CKR_ARGUMENTS_BAD. Two tokens of one serial number: one for signatures.
// A data object is called by its place, whatever its label was.
#define OPENPGP_CARD                                                                                                   \
    .name = "an OpenPGP card through OpenSC", .module_manufacturer = "OpenSC", .model = "PKCS#15 emulated",            \
    .import_as = IMPORT_NEVER,                                                                                         \
    .instead = "A key goes into its place 03 with the admin PIN, over the one that is there: " BY_PKCS11_TOOL          \
               "--login --login-type so --write-object KEY.der --type privkey --id 03`.",                              \
    .no_data = true, .wants_touch = true, .pin_tries = 3,                                                              \
    .unlock = "Its admin PIN sets a new PIN: `gpg --card-edit`, admin, passwd"

#define PKCS15_CARD                                                                                                    \
    .module_manufacturer = "OpenSC", .model = "PKCS#15", .import_as = IMPORT_NEVER,                                    \
    .instead = "OpenSC's module would write down that the key may be read. Its tool does not: `pkcs15-init "           \
               "--store-private-key KEY.pem --auth-id 01 --id 01 --key-usage sign`."

static const struct quirks table[] = {
    // Also through p11-kit's remoting, which passes the token's own words on.
    {.name = "SoftHSM",
     .token_manufacturer = "SoftHSM",
     .import_as = IMPORT_AS_USER,
     .parts = PART_ALL,
     .public_half = true,
     .low_at_once = true,
     .rewritten_by = "SoftHSM"},

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
     .low_at_once = true,
     .unlock = "Its security officer sets a new PIN: `pkcsconf -u -c SLOT`"},

    // The same under its new name (since 3.27). It has key wrapping, and makes each private key that
    // it
    // unwraps extractable and not sensitive: the rehearsal sees that.
    {.name = "opencryptoki",
     .module_manufacturer = "IBM",
     .library = "openCryptoki",
     .token_manufacturer = "IBM",
     .model = "Soft",
     .import_as = IMPORT_AS_USER,
     .parts = PART_ALL,
     .public_half = true,
     .pin_tries = 3,
     .unlock = "Its security officer sets a new PIN: `pkcsconf -u -c SLOT`"},

    // CKR_ATTRIBUTE_VALUE_INVALID for any private key; no flag ever tells of wrong PINs.
    {.name = "tpm2-pkcs11",
     .module_manufacturer = "tpm2-software.github.io",
     .import_as = IMPORT_NEVER,
     .instead = "Its own tool imports a PEM (tpm2_ptool import), which then is on the disk first. For a key "
                "that no file has held, use a token that can import.",
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
     .resets_card = true,
     .pin_max = 8,
     .so_pin_hex = 48,
     .so_pin_name = "management key",
     .so_pin_factory = "010203040506070801020304050607080102030405060708",
     .so_pin_refused =
         "Is it the key of this card? The factory's key is not valid any more once it was changed. A YubiKey "
         "of "
         "firmware 5.7 or later ships with an AES key, which ykcs11 2.2 does not "
         "know: `ykman piv access change-management-key --algorithm TDES` gives it one that it knows.",
     .pin_tries = 3,
     .unlock = "The PUK sets a new PIN: `yubico-piv-tool -a unblock-pin`"},

    // CKR_FUNCTION_NOT_SUPPORTED for an import; sees a key only beside its certificate.
    {.name = "a PIV card through OpenSC",
     .module_manufacturer = "OpenSC",
     .token_manufacturer = "piv_II",
     .model = "PKCS#15 emulated",
     .token_too = true,
     .import_as = IMPORT_NEVER,
     .instead = "It signs with keys that are there. To put one into a YubiKey or another PIV card use its "
                "own module, which Debian has as /usr/lib/x86_64-linux-gnu/libykcs11.so (package ykcs11).",
     .no_data = true,
     .label_changes = true,
     .wants_touch = true},

    {OPENPGP_CARD, .token_manufacturer = "OpenPGP project", .token_too = true},
    // The maker is that of the card, where OpenSC knows its number; the label is OpenSC's own.
    {OPENPGP_CARD, .label = "OpenPGP card"},

    // Takes a key from the user, and calls it by a number of its own as soon as it is read again: a key that
    // was
    // broken off could not be told from others. CKR_ARGUMENTS_BAD for session keys.
    {.name = "a GIDS card through OpenSC",
     .module_manufacturer = "OpenSC",
     .token_manufacturer = "www.mysmartlogon.com",
     .model = "PKCS#15 emulated",
     .token_too = true,
     .import_as = IMPORT_NEVER,
     .instead = "The card does not keep the id of a key. " BY_PKCS11_TOOL
                "--login --write-object KEY.der --type privkey --label NAME --usage-sign` puts one there.",
     .no_data = true},

    // C_CreateObject writes into the card's directory that a key may be read, whatever it is told, and MyEID
    // makes a token object of a session key.
    {PKCS15_CARD, .name = "MyEID through OpenSC", .token_manufacturer = "Aventra", .token_too = true},
    // IsoApplet's profile has no maker.
    {PKCS15_CARD, .name = "a card like IsoApplet through OpenSC", .token_manufacturer = "unknown", .token_too = true},

    // CKR_FUNCTION_NOT_SUPPORTED for a private key; takes data objects.
    {.name = "SmartCard-HSM through OpenSC",
     .module_manufacturer = "OpenSC",
     .token_manufacturer = "www.CardContact.de",
     .model = "PKCS#15 emulated",
     .token_too = true,
     .import_as = IMPORT_NEVER,
     .instead = "It takes keys from outside only if they are wrapped for its DKEK: `sc-hsm-tool "
                "--unwrap-key`."},

    // Other cards that OpenSC shows: what each takes, a rehearsal tells.
    {.name = "a card through OpenSC",
     .module_manufacturer = "OpenSC",
     .model = "PKCS#15",
     .import_as = IMPORT_AS_USER,
     .instead = "OpenSC's own tool may put a key there: `pkcs15-init --store-private-key KEY.pem --auth-id "
                "01 --id 01`, "
                "from a file.",
     .parts = PART_ALL,
     .unknown = true,
     .public_half = true},
};

static const struct quirks unknown = {
    .name = "an unknown token", .import_as = IMPORT_AS_USER, .parts = PART_ALL, .unknown = true, .public_half = true};

// Cryptoki's text has a fixed width and no NUL. NULL is the beginning of everything.
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

static bool by_label(const struct quirks *r, const CK_TOKEN_INFO *token)
{
    return begins(token->label, sizeof token->label, r->label);
}

static bool by_module(const struct quirks *r, const CK_INFO *module, const CK_TOKEN_INFO *token)
{
    return is_module(r, module) &&
           (!r->token_too || begins(token->manufacturerID, sizeof token->manufacturerID, r->token_manufacturer)) &&
           begins(token->model, sizeof token->model, r->model) && by_label(r, token);
}

static bool by_token(const struct quirks *r, const CK_TOKEN_INFO *token)
{
    return r->token_manufacturer != NULL &&
           begins(token->manufacturerID, sizeof token->manufacturerID, r->token_manufacturer) &&
           begins(token->model, sizeof token->model, r->model);
}

bool quirks_resets_card(const CK_INFO *module)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].resets_card && is_module(&table[i], module))
            return true;
    return false;
}

bool quirks_rewrites(const CK_INFO *module)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].rewritten_by != NULL &&
            begins(module->manufacturerID, sizeof module->manufacturerID, table[i].rewritten_by))
            return true;
    return false;
}

const struct quirks *quirks_for(const CK_INFO *module, const CK_TOKEN_INFO *token)
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
