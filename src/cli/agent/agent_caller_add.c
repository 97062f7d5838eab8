// ssa-hsm agent caller add
#include "cli/agent/caller.h"
#include "cli/command/common.h"
#include "cli/output/document.h"
#include "cli/output/print.h"
#include "core/text.h"

enum { SECRET_MAX = 64, LINES_MAX = 512 };

static const struct option option_scopes = {"scope", "SCOPES", .letter = 's',
                                            .help = "what it may ask for, with commas or spaces between; may be "
                                                    "repeated",
                                            .repeatable = true};
static const struct option option_san = {
    "san", "NAME", .help = "DNS name or URI in the certificate by which a broker knows it (subjectAltName)"};
static const struct option option_no_secret = {"no-secret", .help = "it has only a certificate; needs --san"};

static bool read_scope(const struct invocation *i, struct caller_entry *wanted, struct ssa_error *err)
{
    const char *values[GIVEN_MAX];
    char scope[2 * CALLER_SCOPE_MAX] = "";
    size_t used = 0;
    const size_t count = option_values(i->arguments, &option_scopes, values);
    if (count == 0)
        return error_set(err, SSA_USAGE, NULL, NULL, "a caller needs --scope: what it may ask for");
    for (size_t k = 0; k < count; k++) {
        if (!text_format(scope + used, sizeof scope - used, "%s%s", k > 0 ? " " : "", values[k]))
            return error_set(err, SSA_USAGE, NULL, NULL, "the scopes are too long");
        used += strlen(scope + used);
    }
    return caller_set_scope(wanted, scope, &i->run.callbacks, err);
}

static bool copy(char *out, size_t room, const char *text, const char *what, struct ssa_error *err)
{
    return text_format(out, room, "%s", text != NULL ? text : "") ||
           error_set(err, SSA_USAGE, NULL, NULL, "the %s has more than %zu characters", what, room - 1);
}

static bool read_wanted(const struct invocation *i, struct caller_entry *wanted, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    const char *san = option_value(a, &option_san);
    *wanted = (struct caller_entry){0};
    if (option_given(a, &option_no_secret) && san == NULL)
        return error_set(err, SSA_USAGE, NULL, NULL, "--no-secret needs --san: nothing else would tell who asks");
    return copy(wanted->name, sizeof wanted->name, a->words[0], "name", err) &&
           copy(wanted->san, sizeof wanted->san, san, "value of --san", err) &&
           copy(wanted->profile, sizeof wanted->profile, option_value(a, &option_profile), "name of the profile",
                err) &&
           read_scope(i, wanted, err);
}

static bool print_json(const struct caller_entry *made, const struct secret *secret, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    member_text(&d.json, "name", made->name);
    member_text(&d.json, "clientId", made->id);
    member_text(&d.json, "clientSecret", secret != NULL ? secret_text(secret) : NULL);
    member_text(&d.json, "san", made->san);
    member_text(&d.json, "scope", made->scope);
    member_text(&d.json, "profile", made->profile);
    member_time(&d.json, "createdAt", true, made->created);
    return document_print(&d, err);
}

// The names are those that samples and SDKs read.
static bool print_lines(const struct caller_entry *made, const struct secret *secret, struct ssa_error *err)
{
    static const char *const parts[] = {"APS_CLIENT_ID=\"", "\"\nAPS_CLIENT_SECRET=\"", "\"\n"};
    SECRET_AUTO lines = {0};
    if (secret == NULL)
        return true;
    return secret_new(&lines, LINES_MAX, err) &&
           ((secret_append_text(&lines, parts[0]) && secret_append_text(&lines, made->id) &&
             secret_append_text(&lines, parts[1]) && secret_append(&lines, secret_span(secret)) &&
             secret_append_text(&lines, parts[2])) ||
            error_set(err, SSA_UNEXPECTED, NULL, NULL, "the lines do not fit")) &&
           print_result(secret_span(&lines), err);
}

// A secret that nobody has seen is of no use.
static bool take_back(const char *path, const struct caller_entry *made, struct ssa_error *err)
{
    if (!callers_remove(path, made->name, ERROR_IGNORED))
        (void)error_hint(err, "The caller %s is there all the same: `ssa-hsm agent caller list`.", made->name);
    return false;
}

static bool make_folder(struct ssa_error *err)
{
    char folder[PATH_TEXT_MAX];
    return path_config(folder, err) && path_make(folder, err);
}

static bool explain(struct ssa_error *err)
{
    if (err->code == SSA_IN_USE)
        (void)error_hint(err, "`ssa-hsm agent caller list` shows the callers. To give one another secret or other "
                              "scopes, remove it first: `ssa-hsm agent caller remove CALLER`.");
    return false;
}

static bool agent_caller_add(const struct invocation *i, struct ssa_error *err)
{
    struct caller_entry wanted, made;
    char path[PATH_TEXT_MAX];
    SECRET_AUTO room = {0};
    struct secret *secret = option_given(i->arguments, &option_no_secret) ? NULL : &room;
    const bool json = option_given(i->arguments, &option_json);
    if (!read_wanted(i, &wanted, err) || !caller_path(path, err) || !make_folder(err) ||
        !secret_new(&room, SECRET_MAX, err))
        return false;
    if (!callers_add(path, &wanted, &made, secret, err))
        return explain(err);
    if (!(json ? print_json(&made, secret, err) : print_lines(&made, secret, err)))
        return take_back(path, &made, err);
    print_note("%s: the caller %s may ask for %s", path, made.name, made.scope);
    if (secret != NULL)
        print_note("its secret is stored nowhere: only a hash of it is. Keep it now, where the caller finds it");
    return true;
}

const struct command command_agent_caller_add = {
    .name = "agent caller add",
    .group = "Access tokens",
    .arguments = "NAME",
    .help = "let a program ask the agent's facade or broker",
    .about =
        "Adds a caller: a program that may ask for access tokens at an agent's facade (--facade), by a client "
        "id and a secret of its own, or at a broker (--listen), by its certificate, or both. Prints the id and "
        "the secret. The secret is printed this once, and is not stored: callers.json has only a hash of it. It is "
        "good for the agent alone, and is not the client secret of the API. A running agent knows the caller at once. "
        "With --profile, it gets access tokens of this profile, else of the agent's first one.",
    .argument_help = ARGUMENTS({"NAME", "a name for the caller: letters, digits, \".\", \"_\" and \"-\""}),
    .examples = EXAMPLES({"agent caller add postman --scope data:read", "Prints an id and a secret for Postman."},
                         {"agent caller add build --scope data:read --san build.example.com --no-secret",
                          "Lets the host with this name in its certificate ask a broker."}),
    .exit_codes = EXIT_CODES({"14", "the name, or the name in the certificate, is another caller's already"}),
    .reads_no_profile = true,
    .uses = USE_PROFILE,
    .options = OPTIONS(&option_scopes, &option_san, &option_no_secret, &option_json),
    .run = agent_caller_add,
};
