// ssa-hsm history
#include <time.h>

#include "cli/age.h"
#include "cli/command.h"
#include "cli/document.h"
#include "cli/event.h"
#include "cli/print.h"
#include "cli/table.h"
#include "core/text.h"

// Half of it is room for one entry.
enum { JSON_MAX = 512 * 1024, VERIFY_JSON_MAX = 1024 };

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
    char when[WHEN_TEXT_MAX], uid[24];
    s->count++;
    when_text(e->started, (long long)time(NULL), when);
    (void)text_format(uid, sizeof uid, "%lld", e->uid);
    const char *const cells[] = {when, e->operation, e->outcome, e->account, e->key_id, uid, e->note};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        table_add(&s->table, cells[i]);
}

static bool as_json(const struct invocation *i, struct shown *s, struct ssa_error *err)
{
    s->err = err;
    if (!document_begin(&s->document, JSON_MAX, err))
        return false;
    json_open(&s->document.json, JSON_ARRAY);
    if (!ssa_history(&i->run, add_json, s, err) || s->unprinted) {
        document_drop(&s->document);
        return false;
    }
    json_close(&s->document.json, JSON_ARRAY);
    return document_print(&s->document, err);
}

static bool verify(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_chain chain;
    struct document d;
    if (!ssa_history_verify(&i->run, &chain, err))
        return false;
    if (!i->arguments->given[OPT_JSON]) {
        print_note("%zu %s, none missing and none changed%s%s", chain.count,
                   chain.count == 1 ? "entry" : "entries",
                   chain.count > 0 ? "; the last one's SHA-256: " : "", chain.last);
        return true;
    }
    if (!document_begin(&d, VERIFY_JSON_MAX, err))
        return false;
    json_open(&d.json, JSON_OBJECT);
    json_name(&d.json, "entries");
    json_integer(&d.json, (long long)chain.count);
    member_text(&d.json, "lastSha256", chain.last);
    json_close(&d.json, JSON_OBJECT);
    return document_print(&d, err);
}

bool command_history(const struct invocation *i, struct ssa_error *err)
{
    static const char *const heads[] = {"WHEN", "OPERATION", "OUTCOME", "ACCOUNT", "KEY", "UID", "NOTE"};
    struct shown s = {0};
    if (i->arguments->given[OPT_VERIFY])
        return verify(i, err);
    if (i->arguments->given[OPT_JSON])
        return as_json(i, &s, err);
    table_begin(&s.table, sizeof heads / sizeof heads[0], heads);
    if (!ssa_history(&i->run, add_row, &s, err) || s.count == 0) {
        table_drop(&s.table);
        if (s.count == 0 && err->code == SSA_OK)
            print_note("nothing was done from here yet");
        return err->code == SSA_OK;
    }
    return table_print(&s.table, err);
}
