#include "cli/command/suggestion.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command/common.h"
#include "config/paths.h"
#include "core/text.h"

static const option_list repeated =
    OPTIONS(&option_client_id, &option_token, &option_module, &option_pin_source, &option_so_pin_source,
            &option_base_url, &option_audience, &option_cacert, &option_capath, &option_insecure_http);

enum { WORDS_OF_SUGGESTION = 32 };

static command_list known;
static const struct arguments *given;
static char written[PATH_TEXT_MAX];
static bool about_profile; // the command is about the profile of this name or path

void suggestion_begin(command_list commands, const struct arguments *arguments)
{
    known = commands;
    given = arguments;
}

static bool is_listed(option_list list, struct span name, const struct command *user)
{
    for (; list != NULL && *list != NULL; list++)
        if (span_is(name, (*list)->name) && (user == NULL || command_uses(user, *list)))
            return true;
    return false;
}

bool suggestion_accepts(const char *name, size_t len)
{
    static const char no_agent[] = "no-agent", scope[] = "scope";
    const struct span option = span_of(name, len);
    const struct command *command = given != NULL ? given->command : NULL;
    return command == NULL || is_listed(command->options, option, command) ||
           is_listed(common_options, option, command) ||
           (!is_listed(common_options, option, NULL) && !span_is(option, no_agent) && !span_is(option, scope));
}

void suggestion_profile(const char *path)
{
    // A name that is cut off would name another file.
    if (!text_format(written, sizeof written, "%s", path))
        written[0] = '\0';
}

void suggestion_use_profile(const char *name)
{
    suggestion_profile(name);
    about_profile = true;
}

// Reads a suggested command as a command line is read. What cannot be read is left out.
static void read_suggested(char *text, struct arguments *suggested)
{
    char *argv[WORDS_OF_SUGGESTION + 1], *rest = NULL;
    size_t count = 0;
    for (char *word = strtok_r(text, " ", &rest); word != NULL && count < WORDS_OF_SUGGESTION;
         word = strtok_r(NULL, " ", &rest))
        argv[count++] = word;
    argv[count] = NULL;
    const bool whole = arguments_read(suggested, known, argv, ERROR_IGNORED);
    (void)whole;
}

// A command refuses what it does not use. `hsm list` is suggested to show other PKCS#11 tokens than the one that was
// asked for, unless it is to list that one's keys. `key recover` knows the PKCS#11 token from the journal.
static bool is_useful(const struct command *command, const struct option *option, bool logs_in)
{
    const bool of_token = option == &option_token || option == &option_module;
    if (!command_uses(command, option) || (strcmp(command->name, "hsm list") == 0 && !logs_in))
        return false;
    return !(of_token && strcmp(command->name, "key recover") == 0);
}

// A file descriptor, and a file that a shell substituted for <(…), are gone with this process.
static bool lasts(const struct option *option, const char *value)
{
    return (option != &option_pin_source && option != &option_so_pin_source) ||
           (strncmp(value, "fd:", 3) != 0 && strstr(value, "/dev/fd/") == NULL && strstr(value, "/proc/") == NULL);
}

static bool is_printable(const char *value)
{
    for (; *value != '\0'; value++)
        if (iscntrl((unsigned char)*value))
            return false;
    return true;
}

static void write_option(FILE *out, const struct option *option, const char *value)
{
    if (value != NULL && !is_printable(value))
        return;
    const size_t room = value != NULL ? SHELL_WORD_ROOM(strlen(value)) : 0;
    char *word = value != NULL ? malloc(room) : NULL;
    if (value == NULL)
        (void)fprintf(out, " --%s", option->name);
    else if (word != NULL && text_shell_word(word, room, value))
        (void)fprintf(out, " --%s %s", option->name, word);
    free(word);
}

static bool exists(const char *profile)
{
    char path[PATH_TEXT_MAX];
    return path_profile(profile, path, ERROR_IGNORED) && access(path, F_OK) == 0;
}

// Of several profiles, the one that is not there yet.
static const char *to_be_written(const char *const *profiles, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!exists(profiles[i]))
            return profiles[i];
    return profiles[0];
}

static void write_profiles(FILE *out, const struct command *command)
{
    const char *profiles[GIVEN_MAX];
    const size_t count = option_values(given, &option_profile, profiles);
    const bool by_output = option_given(given, &option_output) && written[0] != '\0';
    const bool by_name = about_profile && (command->writes_profile || exists(written));
    if (count == 0 && (by_output || by_name)) {
        write_option(out, &option_profile, written);
        return;
    }
    // A run that writes a profile may have failed before. Most commands need a profile that exists.
    if (count > 0 && command->writes_profile)
        write_option(out, &option_profile, to_be_written(profiles, count));
    for (size_t i = 0; i < count && (i == 0 || command->falls_back) && !command->writes_profile; i++)
        if (exists(profiles[i]))
            write_option(out, &option_profile, profiles[i]);
}

static void write_options(FILE *out, const struct arguments *suggested)
{
    const struct command *command = suggested->command;
    if (command == NULL || option_given(suggested, &option_help))
        return;
    const bool logs_in = option_given(suggested, &option_login);
    if (is_useful(command, &option_profile, logs_in) && !option_given(suggested, &option_profile) &&
        !option_given(suggested, &option_output))
        write_profiles(out, command);
    for (option_list o = repeated; *o != NULL; o++) {
        const char *value = option_value(given, *o);
        if (option_given(given, *o) && is_useful(command, *o, logs_in) && !option_given(suggested, *o) &&
            (value == NULL || lasts(*o, value)))
            write_option(out, *o, value);
    }
}

static void write_completed(FILE *out, const char *text)
{
    static const char start[] = "`ssa-hsm ";
    for (const char *at; given != NULL && (at = strstr(text, start)) != NULL;) {
        const char *command = at + sizeof start - 1, *end = strchr(command, '`');
        char *words = end != NULL ? strndup(command, (size_t)(end - command)) : NULL;
        if (words == NULL)
            break;
        struct arguments suggested;
        read_suggested(words, &suggested);
        (void)fprintf(out, "%.*s", (int)(end - text), text);
        write_options(out, &suggested);
        (void)fputc('`', out);
        text = end + 1;
        free(words);
    }
    (void)fputs(text, out);
}

char *suggestion_complete(const char *text)
{
    char *completed = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&completed, &len);
    if (out == NULL)
        return NULL;
    write_completed(out, text);
    if (fclose(out) == 0)
        return completed;
    free(completed);
    return NULL;
}
