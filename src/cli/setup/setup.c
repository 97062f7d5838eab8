// ssa-hsm setup [FILE]
#include "cli/setup/setup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command/common.h"
#include "cli/output/print.h"
#include "cli/process/interrupt.h"
#include "cli/setup/plain.h"
#include "cli/terminal/terminal.h"
#include "config/settings.h"
#include "core/text.h"

static const struct option option_dry_run = {
    "dry-run", .help = "only print what would be done, as commands; asks for no PIN, and the API for nothing"};

const char *setup_profile_value(const struct setup *s, enum setting id)
{
    const char *value = settings_from(s->settings, FROM_PROFILE, id);
    return text_present(value) ? value : NULL;
}

bool setup_has_account(const struct setup *s)
{
    return setup_profile_value(s, SET_ACCOUNT_ID) != NULL;
}

bool setup_has_key(const struct setup *s)
{
    const char *key = setup_profile_value(s, SET_PRIVATE_KEY);
    return setup_has_account(s) && setup_profile_value(s, SET_KEY_ID) != NULL && key != NULL && uri_text_is_uri(key);
}

bool setup_read_profile(struct setup *s, struct ssa_error *err)
{
    return ssa_settings_profile(s->settings, s->profile, true, &s->run.callbacks, err);
}

bool setup_set(struct setup *s, enum setting id, const char *value, struct ssa_error *err)
{
    return ssa_settings_option(s->settings, setting_name(id), value, err);
}

bool setup_confirms(const struct setup *s, const char *question, ...)
{
    char text[SSA_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, question);
    const int len = vsnprintf(text, sizeof text, question, args);
    va_end(args);
    return len >= 0 && (size_t)len < sizeof text && s->run.callbacks.confirm(s->run.callbacks.context, text);
}

bool setup_declined(struct ssa_error *err, const char *what)
{
    if (interrupt_signal() != 0)
        return error_set(err, SSA_USAGE, NULL, NULL, "interrupted");
    return error_set(err, SSA_DECLINED, NULL, NULL, "%s: you did not say yes", what);
}

bool setup_not_chosen(struct ssa_error *err, const char *what)
{
    if (interrupt_signal() != 0)
        return error_set(err, SSA_USAGE, NULL, NULL, "interrupted");
    return error_set(err, SSA_DECLINED, NULL, NULL, "%s: no number was typed", what);
}

// The callbacks are those of every command, but for the question for a secret.
static const struct ssa_callbacks *usual(const struct setup *s)
{
    return &s->invocation->run.callbacks;
}

static bool ask_secret(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                       struct ssa_error *err)
{
    struct setup *s = context;
    return memory_ask(&s->memory, prompt, answer, capacity, len, err);
}

static bool confirm(void *context, const char *question)
{
    const struct setup *s = context;
    return usual(s)->confirm(usual(s)->context, question);
}

static bool choose(void *context, const char *question, const char *const *items, size_t count, size_t *choice)
{
    const struct setup *s = context;
    return usual(s)->choose(usual(s)->context, question, items, count, choice);
}

static void tell(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    const struct setup *s = context;
    usual(s)->tell(usual(s)->context, level, notice);
}

static bool interrupted(void *context)
{
    const struct setup *s = context;
    return usual(s)->interrupted(usual(s)->context);
}

static void recorded(void *context, const struct ssa_event *event)
{
    const struct setup *s = context;
    usual(s)->recorded(usual(s)->context, event);
}

static void setup_free(struct setup **s)
{
    if (*s != NULL)
        memory_free(&(*s)->memory);
    free(*s);
}

static struct setup *setup_new(const struct invocation *i, struct ssa_error *err)
{
    struct setup *s = calloc(1, sizeof *s);
    if (s == NULL) {
        error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the setup");
        return NULL;
    }
    s->invocation = i;
    s->settings = i->settings;
    s->run = i->run;
    s->run.callbacks.context = s;
    s->run.callbacks.ask_secret = ask_secret;
    s->run.callbacks.confirm = confirm;
    s->run.callbacks.choose = choose;
    s->run.callbacks.tell = tell;
    s->run.callbacks.interrupted = interrupted;
    s->run.callbacks.recorded = recorded;
    return s;
}

// The profile is the one that the commands would write.
static bool find_profile(struct setup *s, struct ssa_error *err)
{
    const char *by_environment = ssa_settings_value(s->settings, setting_name(SET_PROFILE));
    s->profile_name = option_value(s->invocation->arguments, &option_profile);
    const char *name = s->profile_name != NULL ? s->profile_name : by_environment;
    char path[PATH_TEXT_MAX];
    return path_profile(name != NULL ? name : "default", path, err) && path_absolute(path, s->profile, err);
}

// It is imported by a command of its own, which replaces the file.
bool setup_refuse_profile(const struct setup *s, struct ssa_error *err)
{
    char word[SHELL_WORD_ROOM(PATH_TEXT_MAX)];
    error_set(err, SSA_CONFIG, NULL, s->profile, "the profile holds the private key itself");
    if (!text_shell_word(word, sizeof word, s->profile))
        return false;
    return error_hint(
        err, "`ssa-hsm key import %s --force` puts the key into a PKCS#11 token. Then run `ssa-hsm setup`.", word);
}

static bool check_profile(const struct setup *s, struct ssa_error *err)
{
    const char *key = setup_profile_value(s, SET_PRIVATE_KEY);
    return key == NULL || uri_text_is_uri(key) || setup_refuse_profile(s, err);
}

// Each step is over before the next one begins: what it has made is in the profile, or in the journal.
static bool take_steps(struct setup *s, struct ssa_error *err)
{
    bool (*const steps[])(struct setup *, struct ssa_error *) = {
        setup_look_at_journal, setup_find_old_file,   setup_choose_token, setup_ask_client,
        setup_recover,         setup_import,          setup_make_account, setup_move_secret,
        setup_prove,           setup_retire_old_file, setup_say_next,
    };
    for (size_t i = 0; i < COUNT(steps); i++) {
        if (!steps[i](s, err))
            return false;
        if (interrupt_signal() != 0)
            return error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
    }
    return true;
}

static bool no_terminal(struct ssa_error *err)
{
    error_set(err, SSA_USAGE, NULL, NULL, "setup asks a person at a terminal, and there is none");
    return error_hint(err, "These do the same without questions: `ssa-hsm hsm list`, `ssa-hsm secret import`, `ssa-hsm "
                           "account create FIRST LAST` or `ssa-hsm key import FILE`, and `ssa-hsm token`. `ssa-hsm "
                           "setup --dry-run` prints them in full.");
}

static bool guide(struct setup *s, struct ssa_error *err)
{
    if (!terminal_is_there())
        return no_terminal(err);
    print_note("setup: a service account whose key is on a PKCS#11 token. Lines that begin with $ are the commands "
               "that do the same. Control-C stops it; run again, it goes on where it stopped.");
    if (take_steps(s, err))
        return true;
    const struct arguments *a = s->invocation->arguments;
    plain_say("setup has stopped, and goes on from here",
              WORDS("ssa-hsm", "setup", a->word_count > 0 ? a->words[0] : ""));
    return false;
}

static bool setup(const struct invocation *i, struct ssa_error *err)
{
    __attribute__((cleanup(setup_free))) struct setup *s = setup_new(i, err);
    if (s == NULL || !find_profile(s, err) || !check_profile(s, err))
        return false;
    return option_given(i->arguments, &option_dry_run) ? setup_print_plan(s, err) : guide(s, err);
}

const struct command command_setup = {
    .name = "setup",
    .group = "Start here",
    .arguments = "[FILE]",
    .help = "be guided to the first access token; or import an old .env",
    .about =
        "Guides a person at a terminal: chooses a PKCS#11 token, makes an account and its key or imports an old .env "
        "file, and fetches an access token. Each step says the plain command that does the same. It may be stopped at "
        "any point, and run again.",
    .argument_help = ARGUMENTS({"FILE", "an old .env file with the key as text (default: .env here, if there is one)"}),
    .examples = EXAMPLES({"setup --dry-run", "Prints what would be done, and the plain commands."},
                         {"setup", "Asks for each step."}, {"setup old.env", "Imports the key of this file."}),
    .writes_profile = true,
    .uses = USE_ALL | USE_JOURNAL,
    .options = OPTIONS(&option_dry_run),
    .run = setup,
};
