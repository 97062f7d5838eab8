// Completing the commands that messages suggest. The layers below do not know what was on the command line.
#include "cli/suggestion.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "config/paths.h"
#include "core/text.h"

enum { COMMAND_MAX = 1024, APPENDED_MAX = 4096 };

// What a suggested command may need of this run.
static const enum option repeated[] = {OPT_CLIENT_ID,     OPT_TOKEN,        OPT_MODULE,   OPT_PIN_SOURCE,
                                       OPT_SO_PIN_SOURCE, OPT_BASE_URL,     OPT_AUDIENCE, OPT_CACERT,
                                       OPT_CAPATH,        OPT_INSECURE_HTTP};

static const struct arguments *given;
static char written[PATH_TEXT_MAX];

void suggestion_begin(const struct arguments *arguments)
{
    given = arguments;
}

void suggestion_profile(const char *path)
{
    (void)text_format(written, sizeof written, "%s", path);
}

// The word at text, which ends before limit.
static size_t word(const char *text, const char *limit)
{
    const size_t len = strcspn(text, " `");
    return text + len < limit ? len : (size_t)(limit - text);
}

static const struct command *command_at(const char *text, const char *limit)
{
    for (size_t i = 0; i < command_count; i++) {
        const size_t len = strlen(command_table[i].name);
        if (len <= (size_t)(limit - text) && memcmp(text, command_table[i].name, len) == 0 &&
            (text + len == limit || text[len] == ' '))
            return &command_table[i];
    }
    return NULL;
}

static bool has_option(const char *text, const char *limit, const struct option_row *row)
{
    while (text < limit) {
        text += strspn(text, " ");
        const size_t len = word(text, limit);
        const bool is_long = len == strlen(row->name) + 2 && memcmp(text, "--", 2) == 0 &&
                             memcmp(text + 2, row->name, len - 2) == 0;
        if (is_long || (len == 2 && row->letter != '\0' && text[0] == '-' && text[1] == row->letter))
            return true;
        text += len > 0 ? len : 1;
    }
    return false;
}

// A listing of what there is says more without the token that was asked for; recovery is told the token by
// the journal.
static bool useful(const struct command *command, enum option id, bool login)
{
    const bool of_token = id == OPT_TOKEN || id == OPT_MODULE;
    if (strcmp(command->name, "hsm list") == 0)
        return login && (of_token || id == OPT_PIN_SOURCE || id == OPT_PROFILE);
    return !(of_token && strcmp(command->name, "key recover") == 0);
}

// A descriptor, and what a shell substituted for <(…), are gone with this process.
static bool lasts(enum option id, const char *value)
{
    return (id != OPT_PIN_SOURCE && id != OPT_SO_PIN_SOURCE) ||
           (strncmp(value, "fd:", 3) != 0 && strstr(value, "/dev/fd/") == NULL &&
            strstr(value, "/proc/") == NULL);
}

// In single quotes where a shell would see more than a word in it. False for what no terminal should get.
static bool quote(const char *value, char out[static COMMAND_MAX])
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+./:,@%=";
    size_t len = 0;
    const bool bare = value[0] != '\0' && value[strspn(value, plain)] == '\0';
    if (!bare)
        out[len++] = '\'';
    for (; *value != '\0'; value++) {
        if (iscntrl((unsigned char)*value) || len + 6 >= COMMAND_MAX)
            return false;
        if (*value == '\'') {
            memcpy(out + len, "'\\''", 4);
            len += 4;
        } else {
            out[len++] = *value;
        }
    }
    if (!bare)
        out[len++] = '\'';
    out[len] = '\0';
    return true;
}

static void append(char out[static APPENDED_MAX], const char *option, const char *value)
{
    char quoted[COMMAND_MAX] = "";
    const size_t used = strlen(out);
    if (value != NULL && !quote(value, quoted))
        return;
    if (!text_format(out + used, APPENDED_MAX - used, " --%s%s%s", option, value != NULL ? " " : "", quoted))
        out[used] = '\0';
}

// Most commands need a profile that exists; where this run made none, it did without.
static bool exists(const char *profile)
{
    char path[PATH_TEXT_MAX];
    return path_profile(profile, path, NULL) && access(path, F_OK) == 0;
}

static void append_profiles(const struct command *command, char out[static APPENDED_MAX])
{
    const char *name = option_table[OPT_PROFILE].name;
    if (given->given[OPT_OUTPUT] && given->profile_count == 0 && written[0] != '\0') {
        append(out, name, written);
        return;
    }
    for (size_t i = 0; i < given->profile_count && (i == 0 || command->falls_back); i++)
        if (command->writes_profile || exists(given->profiles[i]))
            append(out, name, given->profiles[i]);
}

static void options_for(const char *text, const char *limit, char out[static APPENDED_MAX])
{
    static const struct option_row login = {.name = "login", .letter = 'l'},
                                   help = {.name = "help", .letter = 'h'};
    const struct command *command = command_at(text, limit);
    out[0] = '\0';
    if (command == NULL || given == NULL || has_option(text, limit, &help))
        return;
    const bool logs_in = has_option(text, limit, &login);
    if (useful(command, OPT_PROFILE, logs_in) && !has_option(text, limit, &option_table[OPT_PROFILE]) &&
        !has_option(text, limit, &option_table[OPT_OUTPUT]))
        append_profiles(command, out);
    for (size_t i = 0; i < sizeof repeated / sizeof repeated[0]; i++) {
        const struct option_row *row = &option_table[repeated[i]];
        if (!given->given[repeated[i]] || !useful(command, repeated[i], logs_in) ||
            has_option(text, limit, row))
            continue;
        const char *value = row->argument == NULL ? NULL : given->values[repeated[i]];
        if (value == NULL || lasts(repeated[i], value))
            append(out, row->name, value);
    }
}

void suggestion_complete(const char *text, char *out, size_t capacity)
{
    static const char start[] = "`ssa-hsm ";
    char options[APPENDED_MAX];
    size_t used = 0;
    for (const char *at; (at = strstr(text, start)) != NULL;) {
        const char *command = at + sizeof start - 1, *limit = strchr(command, '`');
        if (limit == NULL)
            break;
        options_for(command, limit, options);
        if (!text_format(out + used, capacity - used, "%.*s%s`", (int)(limit - text), text, options))
            break;
        used += strlen(out + used);
        text = limit + 1;
    }
    (void)text_format(out + used, capacity - used, "%s", text);
}
