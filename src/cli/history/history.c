// ssa-hsm history
#include "cli/command/common.h"
#include "cli/history/syslog.h"
#include "cli/output/document.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "core/text.h"

static const struct option option_verify = {"verify", .help = "check that no entry is missing or was changed"};

static void add_json(void *context, const struct ssa_event *e)
{
    struct document *document = context;
    document_open_item(document);
    event_members(&document->json, e);
    json_close(&document->json, JSON_OBJECT);
}

static enum tone tone_of(const char *outcome)
{
    if (strcmp(outcome, "done") == 0)
        return TONE_GOOD;
    return strcmp(outcome, "left") == 0 || strcmp(outcome, "unknown") == 0 ? TONE_BAD : TONE_WARNING;
}

static void add_row(void *context, const struct ssa_event *e)
{
    struct table *table = context;
    table_add_time(table, e->started);
    table_add(table, e->operation);
    table_add(table, e->outcome);
    table_paint(table, tone_of(e->outcome));
    table_add(table, e->account);
    table_add(table, e->key_id);
    table_add(table, "");
    table_append(table, "%lld", e->uid);
    table_add(table, e->note);
}

static bool list_as_json(const struct invocation *i, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_ARRAY, err))
        return false;
    if (ssa_history(&i->run, add_json, &d, err))
        return document_print(&d, err);
    document_drop(&d);
    return false;
}

static bool list(const struct invocation *i, struct ssa_error *err)
{
    static const char *const heads[] = {"WHEN", "OPERATION", "OUTCOME", "ACCOUNT", "KEY", "UID", "NOTE"};
    static const struct column_fit fits[] = {{4, 11}, {0}, {0}, {2, 12}, {3, 12}, {1, 0}, {5, 12}};
    struct table table;
    table_begin(&table, COUNT(heads), heads);
    table_fit(&table, fits);
    const bool read = ssa_history(&i->run, add_row, &table, err);
    if (read && table.count > COUNT(heads))
        return table_print(&table, err);
    table_drop(&table);
    if (read)
        print_note("nothing was done from here yet");
    return read;
}

static bool print_chain(const struct ssa_chain *chain, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    json_name(&d.json, "entries");
    json_integer(&d.json, (long long)chain->count);
    member_text(&d.json, "lastSha256", chain->last);
    return document_print(&d, err);
}

static bool verify(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_chain chain;
    if (!ssa_history_verify(&i->run, &chain, err))
        return false;
    if (option_given(i->arguments, &option_json))
        return print_chain(&chain, err);
    print_note("%zu %s, none missing and none changed%s%s", chain.count, chain.count == 1 ? "entry" : "entries",
               chain.count > 0 ? "; the last one's SHA-256: " : "", chain.last);
    return true;
}

static bool history(const struct invocation *i, struct ssa_error *err)
{
    if (option_given(i->arguments, &option_verify))
        return verify(i, err);
    return option_given(i->arguments, &option_json) ? list_as_json(i, err) : list(i, err);
}

const struct command command_history = {
    .name = "history",
    .group = "Looking after",
    .help = "list what was created, rotated and deleted from here",
    .about = "Lists the audit trail of this user on this machine: what was created, imported, rotated, "
             "enabled, disabled and deleted. Each entry has the checksum of the one before it.",
    .examples = EXAMPLES(
        {"history", "A table, the oldest entry first."}, {"history --json", "All that is known of each entry."},
        {"history --verify", "Checks that no entry is missing or was changed; exit code 3 if one is."}),
    .options = OPTIONS(&option_verify, &option_json),
    .run = history,
};
