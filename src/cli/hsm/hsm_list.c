// ssa-hsm hsm list
#include "cli/command/common.h"
#include "cli/output/document.h"
#include "cli/output/print.h"
#include "cli/output/table.h"

static const char *const kinds[] = {"module", "token", "key"};

// Writes an empty string where there is no text. (member_text writes null.)
static void member(struct json_writer *w, const char *name, const char *value)
{
    json_name(w, name);
    json_string(w, span_text(value));
}

static void add_json(void *context, const struct ssa_listing *line)
{
    struct document *d = context;
    document_open_item(d);
    member(&d->json, "kind", kinds[line->depth]);
    member(&d->json, "label", line->label);
    member(&d->json, line->depth == 0 ? "path" : "uri", line->uri);
    member(&d->json, line->failed ? "error" : "detail", line->detail);
    json_close(&d->json, JSON_OBJECT);
}

struct rows {
    struct table table;
    bool has_token;
};

static void add_row(void *context, const struct ssa_listing *line)
{
    struct rows *rows = context;
    struct table *table = &rows->table;
    rows->has_token = rows->has_token || line->depth > 0;
    const char *indent = line->depth == 0 ? "" : "  ";
    const bool detailed = line->detail[0] != '\0';
    table_add(table, "");
    table_append(table, "%s%s %s%s%s%s%s", indent, kinds[line->depth], line->label, detailed ? " (" : "",
                 line->failed ? "cannot be used: " : "", line->detail, detailed ? ")" : "");
    if (line->failed)
        table_paint(table, TONE_BAD);
    table_add(table, "");
    table_append(table, "%s  %s", indent, line->uri);
    table_keep(table);
}

static bool list_as_json(const struct ssa_run *run, bool login, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_ARRAY, err))
        return false;
    if (ssa_hsm_list(run, login, add_json, &d, err))
        return document_print(&d, err);
    document_drop(&d);
    return false;
}

static bool list(const struct ssa_run *run, bool login, struct ssa_error *err)
{
    struct rows rows = {.has_token = false};
    table_begin(&rows.table, 1, NULL);
    if (!ssa_hsm_list(run, login, add_row, &rows, err)) {
        table_drop(&rows.table);
        return false;
    }
    if (rows.table.count == 0)
        print_note("p11-kit knows no PKCS#11 module: name one with --module FILE");
    else if (!rows.has_token)
        print_note("no PKCS#11 token is there: plug one in, or let `ssa-hsm setup` make one with SoftHSM");
    return table_print(&rows.table, err);
}

static bool hsm_list(const struct invocation *i, struct ssa_error *err)
{
    const bool login = option_given(i->arguments, &option_login);
    return option_given(i->arguments, &option_json) ? list_as_json(&i->run, login, err) : list(&i->run, login, err);
}

const struct command command_hsm_list = {
    .name = "hsm list",
    .group = "PKCS#11 tokens",
    .help = "list modules and PKCS#11 tokens, with URIs to copy",
    .about = "Lists the PKCS#11 modules that p11-kit knows, or the one that is named, and the PKCS#11 "
             "tokens in them, with URIs to copy. With --login it lists the keys of one PKCS#11 token.",
    .examples =
        EXAMPLES({"hsm list", "All modules and PKCS#11 tokens; needs no PIN."},
                 {"hsm list --module /usr/lib/softhsm/libsofthsm2.so", "Those of a module that p11-kit does not know."},
                 {"hsm list --login --token \"My Token\"", "The keys of one PKCS#11 token."}),
    .uses = USE_PROFILE | USE_LOGIN | USE_TOKEN,
    .options = OPTIONS(&option_login, &option_json),
    .run = hsm_list,
};
