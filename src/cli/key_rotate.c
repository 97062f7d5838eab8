// ssa-hsm key rotate
#include "cli/created.h"
#include "cli/print.h"

static bool read_how(const struct arguments *a, struct ssa_rotation *how, struct ssa_error *err)
{
    struct ssa_output output;
    if (!output_of(a, &output, err))
        return false;
    *how = (struct ssa_rotation){.replace = a->values[OPT_REPLACE_KEY],
                                 .at_once = a->given[OPT_NOW],
                                 .output = {.slot = output.slot,
                                            .yes = output.yes,
                                            .rehearse = output.rehearse,
                                            .import_way = output.import_way,
                                            .show_secret = output.show_secret}};
    if (a->given[OPT_GRACE] && (a->given[OPT_NOW] || a->given[OPT_FINISH]))
        return error_set(err, SSA_USAGE, NULL, NULL, "--grace goes with neither --now nor --finish");
    if (a->given[OPT_FINISH] && (a->given[OPT_DRY_RUN] || a->given[OPT_REPLACE_KEY]))
        return error_set(err, SSA_USAGE, NULL, NULL, "--finish goes with neither --dry-run nor --replace");
    return !a->given[OPT_GRACE] ||
           parse_span(a->values[OPT_GRACE], option_table[OPT_GRACE].name, &how->grace, err);
}

static bool finish(const struct invocation *i, struct ssa_error *err)
{
    char old_key_id[128];
    return ssa_rotation_finish(&i->run, i->arguments->given[OPT_NOW], old_key_id, i->ending, err);
}

static bool show_plan(const struct invocation *i, const struct ssa_rotation *how, struct ssa_error *err)
{
    struct ssa_text plan = {0};
    const bool done =
        ssa_rotation_plan(&i->run, how, &plan, err) && print_result(span_of(plan.text, plan.len), err);
    ssa_text_free(&plan);
    return done;
}

// What is printed names the new key, also where something of the old one is left.
static bool show(const struct ssa_rotation *how, const struct ssa_rotated *rotated, struct ssa_error *err)
{
    if (rotated->resumed) {
        print_note("the rotation that was interrupted is complete; the profile names its new key");
        return true;
    }
    if (rotated->created.path[0] == '\0') {
        if (!print_result(span_of(rotated->created.block.text, rotated->created.block.len), err))
            return false;
        print_note("the old key is in the environment and in no profile: put this block in its place");
    } else if (!created_print(&rotated->created, err)) {
        return false;
    }
    if (rotated->left.code != SSA_OK) {
        *err = rotated->left;
        return false;
    }
    if (!how->at_once)
        print_note(
            "the old key %s still serves whoever has its block: `ssa-hsm key rotate --finish` retires it",
            rotated->old_key_id);
    return true;
}

bool command_key_rotate(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_rotation how;
    struct ssa_rotated rotated = {0};
    if (!read_how(i->arguments, &how, err))
        return false;
    if (i->arguments->given[OPT_FINISH])
        return finish(i, err);
    if (i->arguments->given[OPT_DRY_RUN])
        return show_plan(i, &how, err);
    const bool done = ssa_key_rotate(&i->run, &how, &rotated, i->ending, err) && show(&how, &rotated, err);
    ssa_rotated_free(&rotated);
    return done;
}
