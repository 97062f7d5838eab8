// ssa-hsm history
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/history/event.h"
#include "cli/output/document.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "core/text.h"

// Half of it is room for one entry.
enum { JSON_MAX = 512 * 1024, VERIFY_JSON_MAX = 1024 };

static const struct option option_verify = {"verify", .help = "check that no entry is missing or was changed"};

// What the callback adds to.
struct shown {
    struct table table;
    struct document document;
    size_t count;
    bool unprinted;
    struct ssa_error *err;
};

static void add_json(void *context, const struct ssa_event *e)
{
    struct shown *s = context;
    s->count++;
    event_json(&s->document.json, e);
    if (s->document.text.len > JSON_MAX / 2 && !s->unprinted)
        s->unprinted = !document_flush(&s->document, s->err);
}

static void add_row(void *context, const struct ssa_event *e)
{
    struct shown *s = context;
    char uid[24];
    s->count++;
    s->table.lost |= !text_format(uid, sizeof uid, "%lld", e->uid);
    const char *const cells[] = {e->operation, e->outcome, e->account, e->key_id, uid, e->note};
    table_add_time(&s->table, e->started);
    for (size_t i = 0; i < COUNT(cells); i++)
        table_add(&s->table, cells[i]);
}

static bool list_as_json(const struct invocation *i, struct ssa_error *err)
{
    struct shown s = {.err = err};
    if (!document_begin(&s.document, JSON_MAX, err))
        return false;
    json_open(&s.document.json, JSON_ARRAY);
    if (!ssa_history(&i->run, add_json, &s, err) || s.unprinted) {
        document_drop(&s.document);
        return false;
    }
    json_close(&s.document.json, JSON_ARRAY);
    return document_print(&s.document, err);
}

static bool list(const struct invocation *i, struct ssa_error *err)
{
    static const char *const heads[] = {"WHEN", "OPERATION", "OUTCOME", "ACCOUNT", "KEY", "UID", "NOTE"};
    struct shown s = {0};
    table_begin(&s.table, COUNT(heads), heads);
    const bool read = ssa_history(&i->run, add_row, &s, err);
    if (read && s.count > 0)
        return table_print(&s.table, err);
    table_drop(&s.table);
    if (read)
        print_note("nothing was done from here yet");
    return read;
}

static bool print_chain(const struct ssa_chain *chain, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, VERIFY_JSON_MAX, err))
        return false;
    json_open(&d.json, JSON_OBJECT);
    json_name(&d.json, "entries");
    json_integer(&d.json, (long long)chain->count);
    member_text(&d.json, "lastSha256", chain->last);
    json_close(&d.json, JSON_OBJECT);
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
    .group = "The audit trail",
    .help = "list what was created, rotated, disabled and deleted from here",
    .options = OPTIONS(&option_verify, &option_json),
    .run = history,
};
