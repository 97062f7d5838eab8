// ssa-hsm key recover
#include "cli/command/common.h"
#include "cli/output/print.h"

static const struct option option_key = {
    "key", "KEY_ID", .help = "delete this key, if several may be the one whose creation was interrupted"};
static const struct option option_forget = {
    "forget", .help = "give up what can be neither finished nor undone; what was made stays"};

static bool key_recover(const struct invocation *i, struct ssa_error *err)
{
    const struct ssa_recovery how = {.key_id = option_value(i->arguments, &option_key),
                                     .forget = option_given(i->arguments, &option_forget)};
    struct ssa_run run = i->run;
    size_t found = 0;
    // With --yes nobody is asked, and recovery does what is safe.
    if (option_given(i->arguments, &option_yes))
        run.callbacks.confirm = NULL;
    if (!ssa_recover(&run, &how, &found, i->ending, err))
        return false;
    if (found == 0)
        print_note("nothing is left to recover");
    return true;
}

const struct command command_key_recover = {
    .name = "key recover",
    .group = "Keys",
    .help = "finish or undo commands that were interrupted",
    .uses = USE_ALL,
    .options = OPTIONS(&option_key, &option_forget, &option_yes),
    .run = key_recover,
};
