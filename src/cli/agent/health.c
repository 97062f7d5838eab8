#include "cli/agent/health.h"

#include "agent/client/health.h"
#include "cli/output/document.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "config/settings.h"
#include "core/text.h"

enum { ANSWER_MS = 30000, AGENTS_MAX = 16 };

struct report {
    const struct invocation *i;
    bool as_json;
    struct table table;
    struct document document;
    size_t told, asked;
    struct ssa_error first; // why the first one that did not tell did not
};

static void add_json(struct report *r, const char *place, const char *health, const struct ssa_error *why)
{
    struct json_writer *w = &r->document.json;
    document_open_item(&r->document);
    member_text(w, "agent", place);
    member_text(w, "status", health);
    member_text(w, "error", health == NULL ? why->what : NULL);
    json_close(w, JSON_OBJECT);
}

static OWN_FRAME void ask(struct report *r, const char *place)
{
    const struct ssa_run *run = &r->i->run;
    const struct broker_files files = {.cert = settings_get(r->i->settings, SET_AGENT_CERT, NULL),
                                       .key = settings_get(r->i->settings, SET_AGENT_KEY, NULL),
                                       .cacert = settings_get(r->i->settings, SET_AGENT_CACERT, NULL)};
    const unsigned most_ms = run->timeout > 0 ? run->timeout * 1000 : ANSWER_MS;
    char health[AGENT_HEALTH_MAX];
    struct ssa_error why = {0};
    const bool told =
        agent_place_check(place, &why) && agent_health(place, &files, most_ms, &run->callbacks, health, &why);
    if (r->as_json)
        add_json(r, place, told ? health : NULL, &why);
    table_add(&r->table, place);
    table_add(&r->table, told ? health : "no answer");
    table_paint(&r->table, told && strcmp(health, AGENT_HEALTH_OK) == 0 ? TONE_GOOD : TONE_WARNING);
    table_add(&r->table, told ? "-" : why.what);
    if (!told && r->told == r->asked)
        r->first = why;
    r->asked++;
    r->told += told;
}

static void ask_all(struct report *r, const char *list)
{
    char place[AGENT_PLACE_MAX];
    while (r->asked < AGENTS_MAX && (list = agent_place_next(list, place)) != NULL)
        ask(r, place);
}

static bool finish(struct report *r, struct ssa_error *err)
{
    if (r->told == 0)
        *err = r->first;
    if (r->told == 0 || r->as_json)
        table_drop(&r->table);
    if (r->told == 0 && r->as_json)
        document_drop(&r->document);
    if (r->told == 0)
        return false;
    return r->as_json ? document_print(&r->document, err) : table_print(&r->table, err);
}

bool health_print(const struct invocation *i, const char *list, const char *only, struct ssa_error *err)
{
    static const char *const heads[] = {"AGENT", "STATUS", "FAILURE"};
    struct report r = {.i = i, .as_json = option_given(i->arguments, &option_json)};
    if (r.as_json && !document_begin(&r.document, JSON_ARRAY, err))
        return false;
    table_begin(&r.table, COUNT(heads), heads);
    if (only != NULL)
        ask(&r, only);
    else
        ask_all(&r, list);
    return finish(&r, err);
}
