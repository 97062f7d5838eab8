// ssa-hsm agent status
#include <stdlib.h>

#include "cli/agent/health.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "core/json.h"
#include "core/text.h"

enum { NUMBER_BASE = 10, TEXT_MAX = 256, INDENTED = 4, ROOM = 4096 };

// What is shown of a profile or an access token, while its members are read.
struct reading {
    struct table profiles, entries;
    bool in_profile, in_entry;
    char name[TEXT_MAX], signer[TEXT_MAX], label[TEXT_MAX], failure[TEXT_MAX];
    char scope[TEXT_MAX];
    bool locked;
    long long expires;
};

static void show_profile(struct reading *r)
{
    const bool open = !r->locked && strcmp(r->signer, "open") == 0;
    table_add(&r->profiles, r->name);
    table_add(&r->profiles, r->locked ? "locked" : r->signer[0] != '\0' ? r->signer : "-");
    table_paint(&r->profiles, open ? TONE_GOOD : TONE_WARNING);
    table_add(&r->profiles, r->label[0] != '\0' ? r->label : "-");
    table_add(&r->profiles, r->failure[0] != '\0' ? r->failure : "-");
    r->name[0] = r->signer[0] = r->label[0] = r->failure[0] = '\0';
    r->locked = r->in_profile = false;
}

static void show_entry(struct reading *r)
{
    table_add(&r->entries, r->name);
    table_add(&r->entries, r->scope);
    table_add_time(&r->entries, (struct ssa_time){.known = r->expires != 0, .seconds = r->expires});
    r->name[0] = r->scope[0] = '\0';
    r->expires = 0;
    r->in_entry = false;
}

static void finish(struct reading *r)
{
    if (r->in_profile)
        show_profile(r);
    if (r->in_entry)
        show_entry(r);
}

static bool take(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct reading *r = context;
    const struct {
        const char *path;
        char *to;
    } texts[] = {{"profiles[].name", r->name},         {"profiles[].signer", r->signer},
                 {"profiles[].token_label", r->label}, {"profiles[].last_failure.error_description", r->failure},
                 {"entries[].profile", r->name},       {"entries[].scope", r->scope}};
    char digits[24];
    (void)err;
    if (value->type == JSON_OBJECT &&
        (strcmp(value->path, "profiles[]") == 0 || strcmp(value->path, "entries[]") == 0)) {
        finish(r);
        r->in_profile = value->path[0] == 'p';
        r->in_entry = !r->in_profile;
    }
    for (size_t i = 0; i < COUNT(texts) && value->type == JSON_STRING; i++)
        if (strcmp(value->path, texts[i].path) == 0)
            text_harmless(texts[i].to, TEXT_MAX, value->text);
    if (strcmp(value->path, "profiles[].locked") == 0)
        r->locked = span_is(value->text, "true");
    if (strcmp(value->path, "entries[].expires_at") == 0 && value->type == JSON_NUMBER &&
        text_format(digits, sizeof digits, "%.*s", SPAN_PRINTF(value->text)))
        r->expires = strtoll(digits, NULL, NUMBER_BASE);
    return true;
}

static bool print_tables(const struct agent_answer *answer, struct ssa_error *err)
{
    static const char *const profile_heads[] = {"PROFILE", "STATUS", "PKCS#11 TOKEN", "LAST FAILURE"};
    static const char *const entry_heads[] = {"PROFILE", "SCOPES", "VALID UNTIL"};
    struct reading r = {0};
    table_begin(&r.profiles, COUNT(profile_heads), profile_heads);
    table_begin(&r.entries, COUNT(entry_heads), entry_heads);
    const bool read = json_read(secret_span(&answer->body), take, &r, err);
    finish(&r);
    const bool printed = read && table_print(&r.profiles, err);
    if (!read)
        table_drop(&r.profiles);
    if (printed && r.entries.count > COUNT(entry_heads))
        return print_result(span_text("\n"), err) && table_print(&r.entries, err);
    table_drop(&r.entries);
    return printed;
}

static bool print_json(const struct agent_answer *answer, struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    return secret_new(&text, INDENTED * answer->body.len + ROOM, err) &&
           json_indent(secret_span(&answer->body), &text, err) && print_result(secret_span(&text), err);
}

static bool agent_status(const struct invocation *i, struct ssa_error *err)
{
    char path[AGENT_PATH_MAX];
    AGENT_ANSWER_AUTO answer = {0};
    if (!option_given(i->arguments, &option_socket) && agent_is_elsewhere())
        return health_print(i, ssa_settings_value(i->settings, "SSA_HSM_AGENT"), NULL, err);
    if (!agent_socket_path(i->arguments, path, err))
        return false;
    // Another user's agent tells only how it is.
    if (!agent_get(path, "status", &i->run, &answer, err))
        return err->reason == SSA_REASON_AGENT_REFUSES && health_print(i, NULL, path, err);
    return option_given(i->arguments, &option_json) ? print_json(&answer, err) : print_tables(&answer, err);
}

const struct command command_agent_status = {
    .name = "agent status",
    .group = "Access tokens",
    .help = "show the agent's profiles and access tokens",
    .about =
        "Shows the profiles of a running agent, whether they are unlocked, and for which scopes it has access "
        "tokens. The access tokens themselves are not shown. Of an agent of another host (SSA_HSM_AGENT) or another "
        "user, it shows only whether it has access tokens to give: ok, locked, lost (its PKCS#11 token) or failing.",
    .examples = EXAMPLES({"agent status", "Asks the agent at the usual socket."},
                         {"agent status --json", "The same for programs, with what was counted."}),
    .exit_codes = EXIT_CODES(EXIT_AGENT_SILENT),
    .reads_no_profile = true,
    .uses = USE_AGENT | USE_RUNNING,
    .options = OPTIONS(&option_socket, &option_json),
    .run = agent_status,
};
