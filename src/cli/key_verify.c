// ssa-hsm key verify
#include "cli/command.h"

#include <string.h>

#include "cli/print.h"
#include "cli/table.h"
#include "core/text.h"

static const char *verdict(const struct ssa_attribute *a)
{
    if (!a->known)
        return "not told by the token";
    if (a->value == a->wanted)
        return a->value ? "true" : "false";
    if (a->decided)
        return a->value ? "true: the token decides that itself" : "false: the token decides that itself";
    return a->value ? "true, and must be false" : "false, and must be true";
}

static void add_mechanisms(struct table *table, const struct ssa_verified *v)
{
    char text[sizeof v->mechanisms] = "";
    for (size_t i = 0; i < v->mechanism_count; i++) {
        const size_t used = strlen(text);
        (void)text_format(text + used, sizeof text - used, "%s%s", used > 0 ? ", " : "", v->mechanisms[i]);
    }
    table_add(table, "CKA_ALLOWED_MECHANISMS");
    table_add(table, text[0] != '\0'       ? text
                     : v->mechanisms_known ? "none named: any"
                                           : "not told by the token");
    table_add(table, "raw RSA");
    table_add(table, v->raw_rsa == SSA_RAW_RSA_REFUSED    ? "refused"
                     : v->raw_rsa == SSA_RAW_RSA_POSSIBLE ? "possible (CKM_RSA_X_509)"
                                                          : "not known");
}

static void note_raw_rsa(const struct ssa_verified *v)
{
    if (v->raw_rsa == SSA_RAW_RSA_POSSIBLE)
        print_note("raw RSA: whoever has the PIN can also decrypt with this key, by a raw signature\n"
                   "(CKM_RSA_X_509) over a ciphertext, whatever CKA_DECRYPT says. A key that comes in with\n"
                   "CKA_ALLOWED_MECHANISMS, where its token takes that, cannot be used so.");
}

static bool print_text(const struct ssa_verified *v, struct ssa_error *err)
{
    char text[128];
    struct table table;
    table_begin(&table, 2, NULL);
    table_add(&table, "key");
    table_add(&table, v->key_id);
    table_add(&table, "token");
    table_add(&table, v->token);
    for (size_t i = 0; i < v->attribute_count; i++) {
        table_add(&table, v->attributes[i].name);
        table_add(&table, verdict(&v->attributes[i]));
    }
    add_mechanisms(&table, v);
    (void)text_format(text, sizeof text, "RSA of %u bits, SHA-256 %.16s…", v->bits, v->modulus_sha256);
    table_add(&table, "modulus");
    table_add(&table, v->bits > 0 ? text : "not told by the token");
    table_add(&table, "signature");
    table_add(&table, v->signature ? "of a random challenge: verified with the public half" : "not verified");
    if (!table_print(&table, err))
        return false;
    note_raw_rsa(v);
    return true;
}

static bool as_json(const struct invocation *i, struct ssa_error *err)
{
    const struct ssa_evidence wanted = {.challenge = i->arguments->values[OPT_CHALLENGE],
                                        .ask_api = i->arguments->given[OPT_API]};
    struct ssa_verified v;
    struct ssa_text json;
    struct ssa_error why = {0};
    const bool verified = ssa_key_evidence(&i->run, &wanted, &v, &json, err);
    const bool printed = json.len == 0 || print_result(span_of(json.text, json.len), &why);
    ssa_text_free(&json);
    if (!printed && verified && err != NULL)
        *err = why;
    return verified && printed;
}

bool command_key_verify(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_verified v;
    // What was found is shown, also where it is not as it must be: the exit code tells.
    if (i->arguments->given[OPT_JSON])
        return as_json(i, err);
    if (i->arguments->given[OPT_CHALLENGE] || i->arguments->given[OPT_API])
        return error_set(err, SSA_USAGE, NULL, NULL, "--challenge and --api go with --json");
    const bool verified = ssa_key_verify(&i->run, &v, err);
    if (v.attribute_count == 0)
        return verified;
    struct ssa_error why = {0};
    const bool printed = print_text(&v, &why);
    if (!printed && verified && err != NULL)
        *err = why;
    return verified && printed;
}
