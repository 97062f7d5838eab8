// ssa-hsm key verify
#include "cli/command/common.h"
#include "cli/output/print.h"
#include "cli/output/table.h"

static const struct option option_challenge = {
    "challenge", "TEXT", .help = "an auditor's text, which becomes part of the evidence; needs --json"};
static const struct option option_api = {"api", .help = "also ask the API about the key; needs --json"};

static const char unknown[] = "the token does not tell";

static const char *verdict(const struct ssa_attribute *a)
{
    if (!a->known)
        return unknown;
    if (a->value == a->wanted)
        return a->value ? "true" : "false";
    if (a->decided)
        return a->value ? "true: the token decides that itself" : "false: the token decides that itself";
    return a->value ? "true, and must be false" : "false, and must be true";
}

static void add_mechanisms(struct table *table, const struct ssa_verified *v)
{
    const char *none = v->mechanisms_known ? "any: none is named" : unknown;
    table_add(table, "CKA_ALLOWED_MECHANISMS");
    table_add(table, v->mechanism_count == 0 ? none : v->mechanisms[0]);
    for (size_t i = 1; i < v->mechanism_count; i++)
        table_append(table, ", %s", v->mechanisms[i]);
}

static const char *raw_rsa(const struct ssa_verified *v)
{
    if (v->raw_rsa == SSA_RAW_RSA_REFUSED)
        return "refused";
    return v->raw_rsa == SSA_RAW_RSA_POSSIBLE ? "possible (CKM_RSA_X_509)" : "not known";
}

static bool print_table(const struct ssa_verified *v, struct ssa_error *err)
{
    struct table table;
    table_begin(&table, 2, NULL);
    table_add_pair(&table, "key", v->key_id);
    table_keep(&table);
    table_add_pair(&table, "token", v->token);
    table_keep(&table);
    for (size_t i = 0; i < v->attribute_count; i++)
        table_add_pair(&table, v->attributes[i].name, verdict(&v->attributes[i]));
    add_mechanisms(&table, v);
    table_add_pair(&table, "raw RSA", raw_rsa(v));
    table_add(&table, "modulus");
    table_add(&table, v->bits > 0 ? "" : unknown);
    if (v->bits > 0)
        table_append(&table, "RSA of %u bits, SHA-256 %.16s…", v->bits, v->modulus_sha256);
    table_add_pair(&table, "signature",
                   v->signature ? "of a random challenge: verified with the public key" : "not verified");
    if (!table_print(&table, err))
        return false;
    if (v->raw_rsa == SSA_RAW_RSA_POSSIBLE)
        print_note("raw RSA: whoever has the PIN can also decrypt with this key, whatever CKA_DECRYPT says: a raw "
                   "signature (CKM_RSA_X_509) over a ciphertext is its plain text. A key that is imported with "
                   "CKA_ALLOWED_MECHANISMS cannot be used like that, if its token supports that attribute.");
    return true;
}

// Prints what was found also when the key is not as it must be; the exit code says that. If printing fails, too, the
// failure of the verification is reported.
static bool verify(const struct invocation *i, bool as_json, struct ssa_error *err)
{
    const struct ssa_evidence wanted = {.challenge = option_value(i->arguments, &option_challenge),
                                        .ask_api = option_given(i->arguments, &option_api)};
    struct ssa_verified v;
    struct ssa_text json = {0};
    struct ssa_error why = {0};
    const bool verified =
        as_json ? ssa_key_evidence(&i->run, &wanted, &v, &json, err) : ssa_key_verify(&i->run, &v, err);
    bool printed = true;
    if (json.len > 0)
        printed = print_result(span_of(json.text, json.len), &why);
    else if (!as_json && v.attribute_count > 0)
        printed = print_table(&v, &why);
    ssa_text_free(&json);
    if (verified && !printed)
        *err = why;
    return verified && printed;
}

static bool key_verify(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    const bool as_json = option_given(a, &option_json);
    if (!as_json && (option_given(a, &option_challenge) || option_given(a, &option_api)))
        return error_set(err, SSA_USAGE, NULL, NULL, "--challenge and --api can only be used with --json");
    return verify(i, as_json, err);
}

const struct command command_key_verify = {
    .name = "key verify",
    .group = "Keys",
    .help = "check the profile's key on its token, for evidence, too",
    .about = "Logs in, reads the attributes of the profile's key, lets it sign a challenge, and "
             "verifies the signature. With --json it prints a record for auditors, which the key "
             "signs.",
    .examples = EXAMPLES({"key verify", "A table; exit code 7 if the key is not as it must be."},
                         {"key verify --json --challenge \"audit 2024-11\" --api",
                          "Evidence, with an auditor's text and what the API says about the key."}),
    .uses = USE_API,
    .options = OPTIONS(&option_json, &option_challenge, &option_api),
    .run = key_verify,
};
