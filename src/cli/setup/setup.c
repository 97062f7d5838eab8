// ssa-hsm setup [FILE]
#include "cli/setup/setup.h"

#include "cli/command/common.h"
#include "cli/output/print.h"
#include "cli/process/interrupt.h"
#include "cli/setup/plain.h"
#include "cli/terminal/terminal.h"
#include "config/settings.h"
#include "core/text.h"

static const struct option option_dry_run = {
    "dry-run", .help = "only print what would be done, as commands; asks for no PIN, and the API for nothing"};

// The profile is the one that the commands would write.
static bool find_profile(struct setup *s, struct ssa_error *err)
{
    const char *by_environment = ssa_settings_value(s->settings, setting_name(SET_PROFILE));
    s->profile_name = option_value(s->invocation->arguments, &option_profile);
    const char *name = s->profile_name != NULL ? s->profile_name : by_environment;
    char path[PATH_TEXT_MAX];
    return path_profile(name != NULL ? name : PROFILE_DEFAULT, path, err) && path_absolute(path, s->profile, err);
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
    SETUP_AUTO *s = setup_new(i, err);
    if (s == NULL || !find_profile(s, err) || !check_profile(s, err))
        return false;
    return option_given(i->arguments, &option_dry_run) ? setup_print_plan(s, err) : guide(s, err);
}

const struct command command_setup = {
    .name = "setup",
    .group = "Start here",
    .arguments = "[FILE]",
    .help = "be guided to an access token; or import an old .env",
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
