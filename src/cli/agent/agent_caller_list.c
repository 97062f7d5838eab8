// ssa-hsm agent caller list
#include "agent/callers/callers_file.h"
#include "cli/agent/caller.h"
#include "cli/command/common.h"
#include "cli/output/document.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "core/text.h"

static bool print_json(const struct callers *callers, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_ARRAY, err))
        return false;
    for (size_t i = 0; i < callers->count; i++) {
        const struct caller_entry *caller = &callers->list[i];
        document_open_item(&d);
        member_text(&d.json, "name", caller->name);
        member_text(&d.json, "clientId", caller->id);
        member_text(&d.json, "san", caller->san);
        member_text(&d.json, "scope", caller->scope);
        member_text(&d.json, "profile", caller->profile);
        member_time(&d.json, "createdAt", caller->created != 0, caller->created);
        json_close(&d.json, JSON_OBJECT);
    }
    return document_print(&d, err);
}

static bool print_table(const struct callers *callers, struct ssa_error *err)
{
    static const char *const heads[] = {"NAME", "CLIENT ID", "SAN", "SCOPES", "PROFILE", "CREATED"};
    static const struct column_fit fits[] = {{0}, {4, 12}, {3, 12}, {5, 12}, {2, 7}, {1, 11}};
    struct table table;
    table_begin(&table, COUNT(heads), heads);
    table_fit(&table, fits);
    for (size_t i = 0; i < callers->count; i++) {
        const struct caller_entry *caller = &callers->list[i];
        const char *const cells[] = {caller->name, caller->id, caller->san, caller->scope, caller->profile};
        for (size_t k = 0; k < COUNT(cells); k++)
            table_add(&table, cells[k][0] != '\0' ? cells[k] : "-");
        table_add_time(&table, (struct ssa_time){.known = caller->created != 0, .seconds = caller->created});
    }
    return table_print(&table, err);
}

static bool agent_caller_list(const struct invocation *i, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    CALLERS_AUTO callers = {0};
    if (!caller_path(path, err) || !callers_read(path, &callers, err))
        return false;
    if (option_given(i->arguments, &option_json))
        return print_json(&callers, err);
    if (callers.count > 0)
        return print_table(&callers, err);
    print_note("there are no callers; `ssa-hsm agent caller add NAME --scope data:read` adds one");
    return true;
}

const struct command command_agent_caller_list = {
    .name = "agent caller list",
    .group = "Access tokens",
    .help = "list the callers of facade and broker",
    .about = "Lists the programs that may ask an agent's facade or broker, and for what. Their secrets are not known.",
    .examples = EXAMPLES({"agent caller list", "A table."}, {"agent caller list --json", "For programs."}),
    .reads_no_profile = true,
    .options = OPTIONS(&option_json),
    .run = agent_caller_list,
};
