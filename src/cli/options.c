// The table of options, and the parser over it.
#include "cli/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

const struct option_row option_table[OPTION_COUNT] = {
    [OPT_PROFILE] = {"profile", 'p', "NAME", "profile to use or write: a name, or a path; several fall back",
                     NULL, true, NULL},
    [OPT_CLIENT_ID] = {"client-id", 0, "ID", "client id of the APS app", "APS_CLIENT_ID", false, NULL},
    [OPT_TOKEN] = {"token", 0, "TOKEN", "PKCS#11 URI or label of the token for new keys", "SSA_HSM_TOKEN",
                   false, NULL},
    [OPT_MODULE] = {"module", 0, "FILE", "PKCS#11 module: a path, or a name p11-kit knows", "SSA_HSM_MODULE",
                    false, NULL},
    [OPT_PIN_SOURCE] = {"pin-source", 0, "SOURCE",
                        "where the PIN is: file:PATH, env:NAME, fd:N, credential:NAME, pinentry",
                        "SSA_HSM_PIN_SOURCE", false, NULL},
    [OPT_SO_PIN_SOURCE] = {"so-pin-source", 0, "SOURCE", "where a card's management key is, for imports",
                           "SSA_HSM_SO_PIN_SOURCE", false, NULL},
    [OPT_PIN_RETRY] = {"pin-retry", 0, NULL, "allow one more unattended try after a wrong PIN", NULL, false,
                       NULL},
    [OPT_BASE_URL] = {"base-url", 0, "URL", "where the API is dialled", "SSA_HSM_BASE_URL", false, NULL},
    [OPT_AUDIENCE] = {"audience", 0, "URL", "the assertion's aud, the public token URL", "SSA_HSM_AUDIENCE",
                      false, NULL},
    [OPT_CACERT] = {"cacert", 0, "FILE", "CA certificates instead of the system's", "SSA_HSM_CACERT", false,
                    NULL},
    [OPT_CAPATH] = {"capath", 0, "DIR", "hashed folder of CA certificates instead of the system's",
                    "SSA_HSM_CAPATH", false, NULL},
    [OPT_INSECURE_HTTP] = {"insecure-http", 0, NULL, "allow http:// to a loopback address", NULL, false,
                           NULL},
    [OPT_TIMEOUT] = {"timeout", 0, "SECONDS", "for all of the API's answers, waiting included (90)", NULL,
                     false, NULL},
    [OPT_VERBOSE] = {"verbose", 'v', NULL, "say more about what is done", NULL, false, NULL},
    [OPT_HELP] = {"help", 'h', NULL, "this help; after a command, that command's", NULL, false, NULL},
    [OPT_VERSION] = {"version", 0, NULL, "print the version", NULL, false, NULL},
    [OPT_SCOPE] = {"scope", 's', "SCOPES", "scopes, by comma or space; may be repeated", "SSA_HSM_SCOPE",
                   true, NULL},
    [OPT_FORMAT] = {"format", 'f', "FORMAT", "json (default), token, header, env, curl", NULL, false, NULL},
    [OPT_EXPIRES_IN] = {"expires-in", 0, "SECONDS", "life of the assertion, 1 to 300 (300)", NULL, false,
                        NULL},
    [OPT_NBF] = {"nbf", 0, NULL, "add the claim nbf (not before) to the assertion", NULL, false, NULL},
    [OPT_CLAIMS] = {"claims", 0, NULL, "print header and claims as JSON; signs nothing, no PIN", NULL, false,
                    NULL},
    [OPT_NO_KEY] = {"no-key", 0, NULL, "make the account alone", NULL, false, NULL},
    [OPT_ACCOUNT] = {"account", 'a', "ID", "the account, by id or email, instead of the profile's", NULL,
                     false, NULL},
    [OPT_KEY_ID] = {"key-id", 0, "KEY_ID", "the key's id, for a bare PEM", NULL, false, NULL},
    [OPT_EMAIL] = {"email", 0, "EMAIL", "the account's email, for a bare PEM", NULL, false, NULL},
    [OPT_OUTPUT] = {"output", 'o', "FILE", "write the profile to FILE", NULL, false, NULL},
    [OPT_FORCE] = {"force", 0, NULL, "replace a profile that exists", NULL, false, NULL},
    [OPT_SHOW_SECRET] = {"show-secret", 0, NULL, "print the client secret in the block too", NULL, false,
                         NULL},
    [OPT_SHRED] = {"shred", 0, NULL, "overwrite and remove FILE once its key is in the token", NULL, false,
                   NULL},
    [OPT_SLOT] = {"slot", 0, "SLOT", "slot of a PIV card: 9a, 9c, 9d, 9e, 82 to 95", NULL, false, NULL},
    [OPT_REPLACE] = {"replace", 0, NULL, "destroy the key that is in that slot, after a yes", NULL, false,
                     NULL},
    [OPT_REHEARSE] = {"rehearse", 0, NULL, "first try a throwaway key on the token", NULL, false, NULL},
    [OPT_IMPORT] = {"import", 0, "WAY", "how the key gets into the token: auto, plain, wrap (auto)", NULL,
                    false, NULL},
    [OPT_LOGIN] = {"login", 'l', NULL, "log in and list the token's keys, private ones too", NULL, false,
                   NULL},
    [OPT_ALL] = {"all", 0, NULL, "of all accounts of the client id", NULL, false, NULL},
    [OPT_JSON] = {"json", 0, NULL, "print JSON", NULL, false, NULL},
    [OPT_YES] = {"yes", 'y', NULL, "do not ask", NULL, false, NULL},
    [OPT_REPLACE_KEY] = {"replace", 0, "KEY_ID", "of three keys, delete this one to make room", NULL, false,
                         "key rotate"},
    [OPT_GRACE] = {"grace", 0, "TIME", "leave the old key for that long: 90, 30m, 12h, 7d", NULL, false,
                   NULL},
    [OPT_NOW] = {"now", 0, NULL, "retire the old key at once", NULL, false, NULL},
    [OPT_FINISH] = {"finish", 0, NULL, "retire the old key of the last rotation", NULL, false, NULL},
    [OPT_DRY_RUN] = {"dry-run", 'n', NULL, "say what would be done, and do nothing", NULL, false, NULL},
    [OPT_KEY] = {"key", 0, "KEY_ID", "the key that was lost, where that cannot be told", NULL, false, NULL},
    [OPT_VERIFY] = {"verify", 0, NULL, "look whether entries are missing or were changed", NULL, false, NULL},
    [OPT_CHALLENGE] = {"challenge", 0, "TEXT", "an auditor's text to sign with the rest; with --json", NULL,
                       false, NULL},
    [OPT_API] = {"api", 0, NULL, "also ask the API about the key; with --json", NULL, false, NULL},
    [OPT_FORGET] = {"forget", 0, NULL, "give up on what cannot be settled", NULL, false, NULL},
    [OPT_LABEL] = {"label", 0, "NAME", "what the token calls it (\"APS client secret CLIENT_ID\")", NULL,
                   false, NULL},
    [OPT_FORCE_SECRET] = {"force", 0, NULL, "replace what the token has under that label", NULL, false,
                          "secret import"},
};

static bool unknown(const char *typed, size_t len, struct ssa_error *err)
{
    const char *names[OPTION_COUNT];
    char name[64];
    for (size_t i = 0; i < OPTION_COUNT; i++)
        names[i] = option_table[i].name;
    (void)text_format(name, sizeof name, "%.*s", len < sizeof name ? (int)len : (int)sizeof name - 1, typed);
    const char *near = text_nearest(name, names, OPTION_COUNT);
    error_set(err, SSA_USAGE, NULL, NULL, "there is no option --%s", name);
    return near != NULL ? error_hint(err, "Did you mean --%s?", near)
                        : error_hint(err, "`ssa-hsm --help` lists the options.");
}

// Whether the line has the command's two words, one behind the other. Options may stand before a command.
static bool names_command(char *const *line, const char *command)
{
    const char *blank = strchr(command, ' ');
    const size_t first = (size_t)(blank - command);
    for (; line[0] != NULL && line[1] != NULL; line++)
        if (strlen(line[0]) == first && memcmp(line[0], command, first) == 0 &&
            strcmp(line[1], blank + 1) == 0)
            return true;
    return false;
}

static bool find_long(const struct arguments *a, const char *name, size_t len, enum option *found)
{
    bool any = false;
    for (enum option i = 0; i < OPTION_COUNT; i++) {
        const struct option_row *row = &option_table[i];
        if (strlen(row->name) != len || memcmp(row->name, name, len) != 0 ||
            (row->only != NULL && !names_command(a->line, row->only)))
            continue;
        *found = i;
        any = true;
    }
    return any;
}

static bool find_letter(char letter, enum option *found)
{
    for (enum option i = 0; i < OPTION_COUNT; i++)
        if (option_table[i].letter == letter) {
            *found = i;
            return true;
        }
    return false;
}

static bool add_profile(struct arguments *a, const char *name, struct ssa_error *err)
{
    if (a->profile_count == SSA_PROFILES_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "--profile is given more than %d times",
                         SSA_PROFILES_MAX);
    a->profiles[a->profile_count++] = name;
    a->values[OPT_PROFILE] = a->profiles[0];
    return true;
}

static bool set(struct arguments *a, enum option id, const char *value, struct ssa_error *err)
{
    const struct option_row *row = &option_table[id];
    if (a->given[id] && row->argument != NULL && !row->repeatable)
        return error_set(err, SSA_USAGE, NULL, NULL, "--%s is given twice", row->name);
    if (row->argument != NULL && value[0] == '\0')
        return error_set(err, SSA_USAGE, NULL, NULL, "--%s is given an empty value", row->name);
    a->given[id] = true;
    if (id == OPT_PROFILE)
        return add_profile(a, value, err);
    a->values[id] = value;
    if (id != OPT_SCOPE)
        return true;
    const size_t used = strlen(a->scope);
    a->values[id] = a->scope;
    return text_format(a->scope + used, sizeof a->scope - used, "%s%s", used > 0 ? " " : "", value) ||
           error_set(err, SSA_USAGE, NULL, NULL, "the scopes are longer than %d characters",
                     SCOPE_ARGUMENT_MAX);
}

// One option; *argv moves to its value where that is an argument of its own.
static bool take_long(struct arguments *a, char ***argv, struct ssa_error *err)
{
    const char *name = **argv + 2, *equals = strchr(name, '=');
    const size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    enum option id;
    if (!find_long(a, name, len, &id))
        return unknown(name, len, err);
    const bool takes = option_table[id].argument != NULL;
    if (!takes)
        return equals == NULL
                   ? set(a, id, NULL, err)
                   : error_set(err, SSA_USAGE, NULL, NULL, "--%s takes no value", option_table[id].name);
    if (equals != NULL)
        return set(a, id, equals + 1, err);
    if ((*argv)[1] == NULL)
        return error_set(err, SSA_USAGE, NULL, NULL, "--%s needs a value: --%s %s", option_table[id].name,
                         option_table[id].name, option_table[id].argument);
    return set(a, id, *++*argv, err);
}

// Letters may stand together; one that takes a value ends them ("-fheader", "-f header").
static bool take_letters(struct arguments *a, char ***argv, struct ssa_error *err)
{
    for (const char *letter = **argv + 1; *letter != '\0'; letter++) {
        enum option id;
        if (!find_letter(*letter, &id)) {
            error_set(err, SSA_USAGE, NULL, NULL, "there is no option -%c", *letter);
            return error_hint(err, "`ssa-hsm --help` lists the options.");
        }
        if (option_table[id].argument == NULL) {
            if (!set(a, id, NULL, err))
                return false;
            continue;
        }
        if (letter[1] != '\0')
            return set(a, id, letter + 1, err);
        if ((*argv)[1] == NULL)
            return error_set(err, SSA_USAGE, NULL, NULL, "-%c needs a value", *letter);
        return set(a, id, *++*argv, err);
    }
    return true;
}

bool arguments_read(struct arguments *a, char **argv, struct ssa_error *err)
{
    *a = (struct arguments){.line = argv};
    for (; *argv != NULL; argv++) {
        const char *text = *argv;
        if (strcmp(text, "--") == 0) {
            a->rest = argv + 1;
            return true;
        }
        if (text[0] == '-' && text[1] == '-') {
            if (!take_long(a, &argv, err))
                return false;
        } else if (text[0] == '-' && text[1] != '\0') {
            if (!take_letters(a, &argv, err))
                return false;
        } else if (a->word_count > 0 && strcmp(a->words[0], "exec") == 0) {
            // As env and sudo do: the first word that is no option begins the command, options of its own
            // included.
            a->rest = argv;
            return true;
        } else if (a->word_count == WORDS_MAX) {
            return error_set(err, SSA_USAGE, NULL, text, "is one argument too many");
        } else {
            a->words[a->word_count++] = text;
        }
    }
    return true;
}

bool parse_seconds(const char *text, const char *option, unsigned least, unsigned most, unsigned *seconds,
                   struct ssa_error *err)
{
    char *end = NULL;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] < '0' || text[0] > '9' || value < least ||
        value > most)
        return error_set(err, SSA_USAGE, NULL, NULL,
                         "--%s takes a whole number of seconds from %u to %u, not \"%s\"", option, least,
                         most, text);
    *seconds = (unsigned)value;
    return true;
}

bool parse_span(const char *text, const char *option, long long *seconds, struct ssa_error *err)
{
    static const struct {
        const char *unit;
        long long seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    static const long long most = 10LL * 365 * 86400;
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (errno == 0 && text[0] >= '0' && text[0] <= '9' && strcmp(end, units[i].unit) == 0 && value > 0 &&
            value <= most / units[i].seconds) {
            *seconds = value * units[i].seconds;
            return true;
        }
    error_set(err, SSA_USAGE, NULL, NULL, "--%s %s is no span of time", option, text);
    return error_hint(err, "It is a number of seconds, or one with m, h or d behind it: 90, 30m, 12h, 7d.");
}
