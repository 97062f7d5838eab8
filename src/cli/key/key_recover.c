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
    .group = "Looking after",
    .help = "finish or undo what was interrupted",
    .about = "Finishes or undoes commands that were interrupted. A key that is complete at the API and "
             "on its PKCS#11 token gets its profile; everything else is removed on both sides. Nothing "
             "is touched unless the interrupted command provably made it.",
    .examples = EXAMPLES({"key recover", "Finishes or undoes all that is open."},
                         {"key recover --yes", "Asks nothing, and does only what is safe."},
                         {"key recover --forget", "Gives up what can be neither finished nor undone."}),
    .uses = USE_ALL | USE_JOURNAL,
    .options = OPTIONS(&option_key, &option_forget, &option_yes),
    .run = key_recover,
};
