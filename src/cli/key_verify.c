// ssa-hsm key verify
#include "cli/command.h"
#include "cli/document.h"
#include "cli/table.h"
#include "core/text.h"

enum { VERIFIED_JSON_MAX = 8192 };

static bool print_json(const struct ssa_verified *v, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, VERIFIED_JSON_MAX, err))
        return false;
    struct json_writer *w = &d.json;
    json_open(w, JSON_OBJECT);
    member_text(w, "keyId", v->key_id);
    member_text(w, "serviceAccountId", v->account);
    member_text(w, "email", v->email);
    member_text(w, "token", v->token);
    member_text(w, "modulusSha256", v->modulus_sha256);
    json_name(w, "bits");
    json_integer(w, v->bits);
    member_bool(w, "signatureVerified", v->signature);
    json_name(w, "attributes");
    json_open(w, JSON_ARRAY);
    for (size_t i = 0; i < v->attribute_count; i++) {
        const struct ssa_attribute *a = &v->attributes[i];
        json_open(w, JSON_OBJECT);
        member_text(w, "name", a->name);
        json_name(w, "value");
        if (a->known)
            json_bool(w, a->value);
        else
            json_null(w);
        member_bool(w, "wanted", a->wanted);
        member_bool(w, "decidedByToken", a->decided);
        json_close(w, JSON_OBJECT);
    }
    json_close(w, JSON_ARRAY);
    json_close(w, JSON_OBJECT);
    return document_print(&d, err);
}

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
    (void)text_format(text, sizeof text, "RSA of %u bits, SHA-256 %.16s…", v->bits, v->modulus_sha256);
    table_add(&table, "modulus");
    table_add(&table, text);
    table_add(&table, "signature");
    table_add(&table, v->signature ? "of a random challenge: verified with the public half" : "not verified");
    return table_print(&table, err);
}

bool command_key_verify(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_verified v;
    const bool verified = ssa_key_verify(&i->run, &v, err);
    // What was found is shown, also where it is not as it must be: the exit code tells.
    if (v.attribute_count == 0)
        return verified;
    struct ssa_error why = {0};
    const bool printed = i->arguments->given[OPT_JSON] ? print_json(&v, &why) : print_text(&v, &why);
    if (!printed && verified && err != NULL)
        *err = why;
    return verified && printed;
}
