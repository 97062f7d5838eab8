// account provision --check: the hubs and projects that the account sees.
#include "cli/account/account.h"
#include "cli/account/provision.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "core/text.h"

static void site_members(struct document *d, const struct ssa_site *site)
{
    document_open_item(d);
    member_text(&d->json, "id", site->id);
    member_text(&d->json, "name", site->name);
}

static bool print_access_json(const struct ssa_access *access, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    member_text(&d.json, "serviceAccountId", access->account);
    member_text(&d.json, "email", access->email);
    member_bool(&d.json, "more", access->more);
    member_open(&d.json, "hubs", JSON_ARRAY);
    for (size_t i = 0; i < access->count; i++) {
        const struct ssa_site *hub = &access->hubs[i];
        site_members(&d, hub);
        member_text(&d.json, "region", hub->region);
        member_bool(&d.json, "more", hub->more);
        member_open(&d.json, "projects", JSON_ARRAY);
        for (size_t k = 0; k < hub->count; k++) {
            site_members(&d, &hub->inside[k]);
            json_close(&d.json, JSON_OBJECT);
        }
        json_close(&d.json, JSON_ARRAY);
        json_close(&d.json, JSON_OBJECT);
    }
    json_close(&d.json, JSON_ARRAY);
    return document_print(&d, err);
}

static void add_row(struct table *table, const char *kind, const char *name, const char *id, const char *region)
{
    table_add(table, kind);
    table_add(table, name[0] != '\0' ? name : "-");
    table_add(table, id);
    table_add(table, region);
}

static bool print_access_table(const struct ssa_access *access, struct ssa_error *err)
{
    static const char *const heads[] = {"", "NAME", "ID", "REGION"};
    static const struct column_fit fits[] = {{0}, {0, 20}, {2, 12}, {1, 0}};
    struct table table;
    table_begin(&table, COUNT(heads), heads);
    table_fit(&table, fits);
    for (size_t i = 0; i < access->count; i++) {
        const struct ssa_site *hub = &access->hubs[i];
        add_row(&table, "hub", hub->name, hub->id, hub->region);
        for (size_t k = 0; k < hub->count; k++)
            add_row(&table, "  project", hub->inside[k].name, hub->inside[k].id, "");
        if (hub->more)
            add_row(&table, "  and others", "", "", "");
    }
    return table_print(&table, err);
}

static void tell_access(const struct ssa_access *access)
{
    size_t projects = 0;
    for (size_t i = 0; i < access->count; i++)
        projects += access->hubs[i].count;
    if (projects == 0)
        print_note("the account sees a hub and no project of it: an administrator adds it to one. "
                   "`ssa-hsm account provision` prints how.");
    if (access->more)
        print_note("there are more hubs than these");
}

bool provision_check(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_access access;
    bool done = ssa_account_access(&i->run, account_argument(i), &access, err);
    if (done)
        done = option_given(i->arguments, &option_json) ? print_access_json(&access, err)
                                                        : print_access_table(&access, err);
    if (done)
        tell_access(&access);
    ssa_access_free(&access);
    return done;
}
