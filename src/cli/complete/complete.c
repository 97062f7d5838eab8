// ssa-hsm complete -- WORD...: what a shell may offer for the last word of a command line, a line each: the word, a
// tab, and what it is. A first line that begins with a colon asks the shell for names of its own (":files", ":folders",
// ":programs"), behind what stands before it in its word. The scripts for the shells, which are in docs/completion/,
// call it.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command/common.h"
#include "cli/commands.h"
#include "cli/complete/values.h"
#include "cli/help/facts.h"
#include "cli/output/print.h"
#include "core/text.h"

enum { TEXT_MAX = 1024 };

struct offer {
    FILE *out;
    const char *typed;  // what an offered word begins with
    const char *before; // stands before each word: "--format="
    const char *module; // that the line names, or NULL
};

static void offer(void *context, const char *word, const char *about)
{
    const struct offer *o = context;
    char harmless[TEXT_MAX], text[TEXT_MAX];
    text_harmless(harmless, sizeof harmless, span_text(word));
    // A word that a terminal could not show as it is, is no use there.
    if (strncmp(word, o->typed, strlen(o->typed)) != 0 || strcmp(harmless, word) != 0)
        return;
    text_harmless(text, sizeof text, span_text(about));
    (void)fprintf(o->out, "%s%s\t%s\n", o->before, word, text);
}

static void offer_sources(struct offer *o)
{
    static const struct argument sources[] = {{"file:", "the path of a file"},
                                              {"env:", "the name of a variable"},
                                              {"fd:", "the number of an open descriptor"},
                                              {"credential:", "the name of a systemd credential"},
                                              {"pinentry", "a dialog"}};
    for (size_t i = 0; i < COUNT(sources); i++)
        offer(o, sources[i].name, sources[i].help);
}

static void ask_shell(const struct offer *o, const char *for_what)
{
    (void)fprintf(o->out, ":%s%s%s\n", for_what, o->before[0] != '\0' ? " " : "", o->before);
}

// Offers what the name of an argument, or of an option's value, stands for.
static void offer_values(struct offer *o, const char *name)
{
    if (strcmp(name, "FILE") == 0 || strncmp(name, "ARG", 3) == 0)
        ask_shell(o, "files");
    else if (strcmp(name, "DIR") == 0)
        ask_shell(o, "folders");
    else if (strcmp(name, "CMD") == 0)
        ask_shell(o, "programs");
    else if (strcmp(name, "PROFILE") == 0 && strchr(o->typed, '/') != NULL)
        ask_shell(o, "files");
    else if (strcmp(name, "PROFILE") == 0)
        values_profiles(offer, o);
    else if (strcmp(name, "KEY_ID") == 0)
        values_keys(offer, o);
    else if (strcmp(name, "ACCOUNT") == 0)
        values_accounts(offer, o);
    else if (strcmp(name, "TOKEN") == 0)
        values_tokens(o->module, offer, o);
    else if (strcmp(name, "CALLER") == 0)
        values_callers(offer, o);
    else if (strcmp(name, "SOURCE") == 0)
        offer_sources(o);
}

static void offer_option_values(struct offer *o, const struct option *option)
{
    for (size_t i = 0; option->values != NULL && option->values[i] != NULL; i++)
        offer(o, option->values[i], "");
    if (option->values == NULL)
        offer_values(o, option->argument);
}

typedef void option_visit(struct offer *o, const struct option *option);

static void each_option(struct offer *o, const struct arguments *a, option_visit *visit)
{
    for (option_list c = common_options; *c != NULL; c++)
        if (a->command == NULL || command_uses(a->command, *c))
            visit(o, *c);
    for (option_list own = a->command != NULL ? a->command->options : NULL; own != NULL && *own != NULL; own++)
        visit(o, *own);
}

static void offer_name(struct offer *o, const struct option *option)
{
    char name[TEXT_MAX], text[OPTION_TEXT];
    option_text(option, text);
    if (text_format(name, sizeof name, "--%s", option->name))
        offer(o, name, text);
}

// Of "--format=j": offers the values that go on behind the sign.
static void offer_behind_sign(struct offer *o, const struct option *option)
{
    char before[TEXT_MAX];
    const char *typed = o->typed;
    const size_t len = strlen(option->name);
    if (option->argument == NULL || strncmp(typed + 2, option->name, len) != 0 || typed[2 + len] != '=' ||
        !text_format(before, sizeof before, "--%s=", option->name))
        return;
    struct offer of_value = *o;
    of_value.before = before;
    of_value.typed = typed + 2 + len + 1;
    offer_option_values(&of_value, option);
}

// The part of a command's name that comes after these words, or NULL where it does not begin with them.
static const char *after_words(const char *name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t len = strlen(words[i]);
        if (strncmp(name, words[i], len) != 0 || name[len] != ' ')
            return NULL;
        name += len + 1;
    }
    return name;
}

// Whether an earlier command goes on with the same word.
static bool is_repeated(command_list c, const char *const *words, size_t count, const char *next, size_t len)
{
    for (command_list before = commands; before < c; before++) {
        const char *other = after_words((*before)->name, words, count);
        if (other != NULL && strncmp(other, next, len) == 0 && (other[len] == ' ' || other[len] == '\0'))
            return true;
    }
    return false;
}

// Offers the next words of the commands that begin with these.
static void offer_commands(struct offer *o, const char *const *words, size_t count)
{
    for (command_list c = commands; *c != NULL; c++) {
        const char *next = after_words((*c)->name, words, count);
        const size_t len = next != NULL ? strcspn(next, " ") : 0;
        char word[TEXT_MAX];
        if (next == NULL || (*c)->hidden || !text_format(word, sizeof word, "%.*s", (int)len, next))
            continue;
        if (next[len] == '\0')
            offer(o, word, (*c)->help);
        else if (!is_repeated(c, words, count, next, len))
            offer(o, word, "");
    }
}

// The words of a command that may go on, and those that follow it.
static void offer_longer_commands(struct offer *o, const struct arguments *a)
{
    const char *words[WORDS_MAX + 1] = {a->command->name};
    memcpy(words + 1, a->words, a->word_count * sizeof words[0]);
    offer_commands(o, words, a->word_count + 1);
}

// Offers what the command's next argument is.
static void offer_argument(struct offer *o, const struct arguments *a)
{
    const char *word = a->command->arguments;
    char name[TEXT_MAX];
    for (size_t i = 0; word != NULL && i < a->word_count; i++) {
        word = strchr(word, ' ');
        if (word != NULL)
            word++;
    }
    if (a->command->runs_program) {
        offer_values(o, a->rest == NULL || a->rest[0] == NULL ? "CMD" : "ARG");
        return;
    }
    if (a->command->takes_program && a->rest != NULL)
        offer_values(o, a->rest[0] == NULL ? "CMD" : "ARG");
    else if (a->command->takes_program)
        offer_longer_commands(o, a);
    else if (strcmp(a->command->name, "help") == 0)
        offer_commands(o, a->words, a->word_count);
    else if (word != NULL && text_format(name, sizeof name, "%.*s", (int)strcspn(word, "] ."), word))
        offer_values(o, name[0] == '[' ? name + 1 : name);
}

static void offer_all(FILE *out, char *const *words, const char *typed)
{
    struct arguments a;
    bool over = false;
    const struct option *awaiting = arguments_read_part(&a, commands, words, &over);
    struct offer o = {.out = out, .typed = typed, .before = "", .module = option_value(&a, &option_module)};
    if (awaiting != NULL)
        offer_option_values(&o, awaiting);
    else if (a.rest == NULL && !over && strncmp(typed, "--", 2) == 0 && strchr(typed, '=') != NULL)
        each_option(&o, &a, offer_behind_sign);
    else if (a.rest == NULL && !over && typed[0] == '-')
        each_option(&o, &a, offer_name);
    else if (a.command == NULL)
        offer_commands(&o, a.words, a.word_count);
    else
        offer_argument(&o, &a);
}

static bool complete(const struct invocation *i, struct ssa_error *err)
{
    char *text = NULL;
    size_t len = 0, last = 0;
    char *const *words = i->arguments->rest;
    while (words[last + 1] != NULL)
        last++;
    char **before = calloc(last + 1, sizeof *before);
    FILE *out = before != NULL ? open_memstream(&text, &len) : NULL;
    if (out == NULL) {
        free(before);
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the completion");
    }
    memcpy(before, words, last * sizeof *before);
    offer_all(out, before, words[last]);
    free(before);
    const bool made = fclose(out) == 0;
    const bool printed = made ? print_result(span_of(text, len), err)
                              : error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the completion");
    free(text);
    return printed;
}

const struct command command_complete = {
    .name = "complete",
    .arguments = "-- WORD...",
    .help = "print what a shell may offer for the last word",
    .hidden = true,
    .without_settings = true,
    .runs_program = true,
    .run = complete,
};
