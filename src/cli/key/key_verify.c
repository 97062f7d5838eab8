// ssa-hsm key verify
#include <string.h>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "core/text.h"

static const struct option option_challenge = {"challenge", "TEXT",
                                               .help = "an auditor's text to sign with the rest; needs --json"};
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
    char text[sizeof v->mechanisms + 2 * COUNT(v->mechanisms)] = "";
    size_t used = 0;
    for (size_t i = 0; i < v->mechanism_count; i++) {
        table->lost |= !text_format(text + used, sizeof text - used, "%s%s", i > 0 ? ", " : "", v->mechanisms[i]);
        used = strlen(text);
    }
    table_add(table, "CKA_ALLOWED_MECHANISMS");
    if (used > 0)
        table_add(table, text);
    else
        table_add(table, v->mechanisms_known ? "any: none is named" : unknown);
}

static const char *raw_rsa(const struct ssa_verified *v)
{
    if (v->raw_rsa == SSA_RAW_RSA_REFUSED)
        return "refused";
    return v->raw_rsa == SSA_RAW_RSA_POSSIBLE ? "possible (CKM_RSA_X_509)" : "not known";
}

static void note_raw_rsa(const struct ssa_verified *v)
{
    if (v->raw_rsa == SSA_RAW_RSA_POSSIBLE)
        print_note("raw RSA: whoever has the PIN can also decrypt with this key, whatever CKA_DECRYPT says: a raw\n"
                   "signature (CKM_RSA_X_509) over a ciphertext is its plain text. A key that is imported with\n"
                   "CKA_ALLOWED_MECHANISMS cannot be used like that, if its token supports that attribute.");
}

static void add_modulus(struct table *table, const struct ssa_verified *v)
{
    char text[128];
    table->lost |= !text_format(text, sizeof text, "RSA of %u bits, SHA-256 %.16s…", v->bits, v->modulus_sha256);
    table_add_pair(table, "modulus", v->bits > 0 ? text : unknown);
}

static bool print_text(const struct ssa_verified *v, struct ssa_error *err)
{
    struct table table;
    table_begin(&table, 2, NULL);
    table_add_pair(&table, "key", v->key_id);
    table_add_pair(&table, "token", v->token);
    for (size_t i = 0; i < v->attribute_count; i++)
        table_add_pair(&table, v->attributes[i].name, verdict(&v->attributes[i]));
    add_mechanisms(&table, v);
    table_add_pair(&table, "raw RSA", raw_rsa(v));
    add_modulus(&table, v);
    table_add_pair(&table, "signature",
                   v->signature ? "of a random challenge: verified with the public key" : "not verified");
    if (!table_print(&table, err))
        return false;
    note_raw_rsa(v);
    return true;
}

// What was found is printed also where the key is not as it must be: then the exit code says so. The failure
// of the verification is told before that of printing.
static bool end(bool verified, bool printed, const struct ssa_error *why, struct ssa_error *err)
{
    if (verified && !printed)
        *err = *why;
    return verified && printed;
}

static bool verify_as_json(const struct invocation *i, struct ssa_error *err)
{
    const struct ssa_evidence wanted = {.challenge = option_value(i->arguments, &option_challenge),
                                        .ask_api = option_given(i->arguments, &option_api)};
    struct ssa_verified v;
    struct ssa_text json;
    struct ssa_error why = {0};
    const bool verified = ssa_key_evidence(&i->run, &wanted, &v, &json, err);
    const bool printed = json.len == 0 || print_result(span_of(json.text, json.len), &why);
    ssa_text_free(&json);
    return end(verified, printed, &why, err);
}

static bool verify(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_verified v;
    struct ssa_error why = {0};
    const bool verified = ssa_key_verify(&i->run, &v, err);
    const bool printed = v.attribute_count == 0 || print_text(&v, &why);
    return end(verified, printed, &why, err);
}

static bool key_verify(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    if (option_given(a, &option_json))
        return verify_as_json(i, err);
    if (option_given(a, &option_challenge) || option_given(a, &option_api))
        return error_set(err, SSA_USAGE, NULL, NULL, "--challenge and --api can only be used with --json");
    return verify(i, err);
}

const struct command command_key_verify = {
    .name = "key verify",
    .group = "Keys",
    .help = "check the profile's key: its attributes, and a signature; --json gives signed evidence",
    .example = "key verify --json --challenge \"audit 2024-11\"",
    .options = OPTIONS(&option_json, &option_challenge, &option_api),
    .run = key_verify,
};
