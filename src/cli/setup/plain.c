#include "cli/setup/plain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command/suggestion.h"
#include "cli/output/print.h"
#include "core/text.h"

// Options that were given to setup are added to a command of ours, as to one that a message suggests.
static char *complete(const char *text)
{
    static const char ours[] = "ssa-hsm ";
    char *marked = NULL;
    if (strncmp(text, ours, sizeof ours - 1) != 0)
        return strdup(text);
    if (asprintf(&marked, "`%s`", text) < 0)
        return NULL;
    char *completed = suggestion_complete(marked);
    free(marked);
    const size_t len = completed != NULL ? strlen(completed) : 0;
    if (len < 2)
        return completed;
    memmove(completed, completed + 1, len - 2);
    completed[len - 2] = '\0';
    return completed;
}

static char *command_text(const char *const *words)
{
    char *text = NULL;
    size_t len = 0;
    bool lost = false;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; words[i] != NULL; i++) {
        if (words[i][0] == '\0')
            continue;
        const size_t room = SHELL_WORD_ROOM(strlen(words[i]));
        char *word = malloc(room);
        lost = lost || word == NULL || !text_shell_word(word, room, words[i]) ||
               fprintf(out, "%s%s", i > 0 ? " " : "", word) < 0;
        free(word);
    }
    if (fclose(out) != 0 || lost) {
        free(text);
        return NULL;
    }
    char *completed = complete(text);
    free(text);
    return completed;
}

// The setting is printed as NAME="value", which eval takes apart as a shell that reads a profile does.
static char *exported_text(const char *const *words)
{
    char *command = command_text(words), *text = NULL;
    if (command == NULL || asprintf(&text, "eval \"export $(%s)\"", command) < 0)
        text = NULL;
    free(command);
    return text;
}

static void say(const char *what, char *command)
{
    print_note("%s%s%s", what, command != NULL ? "\n$ " : "", command != NULL ? command : "");
    free(command);
}

static bool print(const char *what, char *command, struct ssa_error *err)
{
    char *text = NULL;
    const bool made = command != NULL && asprintf(&text, "# %s\n%s\n", what, command) >= 0;
    free(command);
    if (!made)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the plan");
    const bool printed = print_result(span_text(text), err);
    free(text);
    return printed;
}

void plain_say(const char *what, const char *const *words)
{
    say(what, command_text(words));
}

bool plain_print(const char *what, const char *const *words, struct ssa_error *err)
{
    return print(what, command_text(words), err);
}

void plain_say_exported(const char *what, const char *const *words)
{
    say(what, exported_text(words));
}

bool plain_print_exported(const char *what, const char *const *words, struct ssa_error *err)
{
    return print(what, exported_text(words), err);
}
