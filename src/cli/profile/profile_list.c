// ssa-hsm profile list
#include "cli/output/document.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "cli/profile/profile.h"
#include "core/text.h"

enum { TOLD_MAX = 4 * SSA_ERROR_TEXT_MAX };

static void add_json(void *context, const struct ssa_profile *p)
{
    struct document *d = context;
    char text[TOLD_MAX] = "";
    if (p->error != NULL)
        ssa_error_text(p->error, text, sizeof text);
    document_open_item(d);
    member_text(&d->json, "name", p->name);
    member_text(&d->json, "path", p->path);
    member_text(&d->json, "link", p->link);
    member_bool(&d->json, "usual", p->usual);
    member_text(&d->json, "clientId", p->client_id);
    member_text(&d->json, "serviceAccountId", p->account);
    member_text(&d->json, "email", p->email);
    member_text(&d->json, "keyId", p->key_id);
    member_text(&d->json, "token", p->token);
    member_bool(&d->json, "hasClientSecret", p->has_secret);
    member_bool(&d->json, "hasPrivateKey", p->has_key);
    member_bool(&d->json, "usable", p->error == NULL);
    member_text(&d->json, "problem", p->problem);
    member_text(&d->json, "error", text);
    json_close(&d->json, JSON_OBJECT);
}

static bool list_as_json(const struct invocation *i, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_ARRAY, err))
        return false;
    if (ssa_profile_list(i->settings, add_json, &d, err))
        return document_print(&d, err);
    document_drop(&d);
    return false;
}

struct rows {
    struct table table;
    bool usual;
};

static void add_row(void *context, const struct ssa_profile *p)
{
    struct rows *rows = context;
    const char *const cells[] = {p->email[0] != '\0' ? p->email : p->account, p->key_id, p->token};
    rows->usual = rows->usual || p->usual;
    table_add(&rows->table, p->usual ? "*" : "");
    table_add(&rows->table, p->name);
    for (size_t i = 0; i < COUNT(cells); i++)
        table_add(&rows->table, cells[i][0] != '\0' ? cells[i] : "-");
    table_add(&rows->table, p->error != NULL ? "cannot be used" : p->problem[0] != '\0' ? "warning" : "ok");
    table_paint(&rows->table, p->error != NULL ? TONE_BAD : p->problem[0] != '\0' ? TONE_WARNING : TONE_GOOD);
}

// A fault of the folder is that of each profile in it, and is told once.
static void tell_faults(void *context, const struct ssa_profile *p)
{
    char *told = context, text[TOLD_MAX] = "";
    if (p->error != NULL)
        ssa_error_text(p->error, text, sizeof text);
    if (text[0] != '\0' && strcmp(text, told) == 0)
        return;
    memcpy(told, text, sizeof text);
    profile_tell_faults(p);
}

static bool list(const struct invocation *i, struct ssa_error *err)
{
    static const char *const heads[] = {"", "PROFILE", "ACCOUNT", "KEY_ID", "TOKEN", "STATE"};
    static const struct column_fit fits[] = {{0}, {0}, {2, 12}, {1, 9}, {3, 8}, {0}};
    struct rows rows = {.usual = false};
    char told[TOLD_MAX] = "";
    table_begin(&rows.table, COUNT(heads), heads);
    table_fit(&rows.table, fits);
    if (!ssa_profile_list(i->settings, add_row, &rows, err)) {
        table_drop(&rows.table);
        return false;
    }
    if (rows.table.count == COUNT(heads)) {
        table_drop(&rows.table);
        print_note(
            "there are no profiles; `ssa-hsm setup` guides you to one, `ssa-hsm account create FIRST LAST` makes an "
            "account and its profile without more questions");
        return true;
    }
    if (!table_print(&rows.table, err))
        return false;
    if (rows.usual)
        print_note("* is used where --profile names no other one");
    return ssa_profile_list(i->settings, tell_faults, told, err);
}

static bool profile_list(const struct invocation *i, struct ssa_error *err)
{
    return option_given(i->arguments, &option_json) ? list_as_json(i, err) : list(i, err);
}

const struct command command_profile_list = {
    .name = "profile list",
    .group = "Looking after",
    .help = "list the profiles, and what is wrong with them",
    .about =
        "Lists the profiles: account, key and PKCS#11 token, and what is wrong with a profile that cannot be used.",
    .examples = EXAMPLES({"profile list", "A table."}, {"profile list --json", "For programs."}),
    .reads_no_profile = true,
    .options = OPTIONS(&option_json),
    .run = profile_list,
};
