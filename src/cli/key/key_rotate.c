// ssa-hsm key rotate
#include "cli/key/new_key.h"
#include "cli/output/print.h"

static const struct option option_replace_key = {
    "replace", "KEY_ID", .help = "delete this key first, if the account has no room for another one; asks before"};
static const struct option option_grace = {"grace", "TIME",
                                           .help = "keep the old key for this time: 90 (seconds), 30m, 12h, 7d"};
static const struct option option_now = {"now", .help = "retire the old key at once"};
static const struct option option_finish = {"finish", .help = "retire the old key of the last rotation"};
static const struct option option_dry_run = {"dry-run", .letter = 'n',
                                             .help = "print what would be done, and do nothing"};

static bool check_combination(const struct arguments *a, struct ssa_error *err)
{
    const bool now = option_given(a, &option_now), finish = option_given(a, &option_finish);
    if (option_given(a, &option_grace) && (now || finish))
        return error_set(err, SSA_USAGE, NULL, NULL, "--grace cannot be used with --now or --finish");
    if (finish && (option_given(a, &option_dry_run) || option_given(a, &option_replace_key)))
        return error_set(err, SSA_USAGE, NULL, NULL, "--finish cannot be used with --dry-run or --replace");
    if (option_given(a, &option_json) && (finish || option_given(a, &option_dry_run)))
        return error_set(err, SSA_USAGE, NULL, NULL, "--json cannot be used with --finish or --dry-run");
    return true;
}

static bool read_rotation(const struct arguments *a, struct ssa_rotation *how, struct ssa_error *err)
{
    const char *grace = option_value(a, &option_grace);
    *how =
        (struct ssa_rotation){.replace = option_value(a, &option_replace_key), .at_once = option_given(a, &option_now)};
    if (!output_read(a, &how->output, err))
        return false;
    // A rotation writes the profile that the key is in.
    how->output.profile = NULL;
    if (!check_combination(a, err))
        return false;
    return grace == NULL || parse_duration(grace, &option_grace, &how->grace, err);
}

static bool show_plan(const struct invocation *i, const struct ssa_rotation *how, struct ssa_error *err)
{
    struct ssa_text plan = {0};
    const bool done = ssa_rotation_plan(&i->run, how, &plan, err) && print_result(span_of(plan.text, plan.len), err);
    ssa_text_free(&plan);
    if (done && !how->at_once)
        print_note("`ssa-hsm key rotate --finish` will finish the rotation");
    return done;
}

static bool print_json(const struct ssa_rotated *rotated, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    // They are null where only an earlier rotation was completed.
    created_members(&d.json, &rotated->created);
    member_text(&d.json, "oldKeyId", rotated->old_key_id);
    member_bool(&d.json, "resumed", rotated->resumed);
    return document_print(&d, err);
}

static bool print(const struct arguments *a, const struct ssa_rotated *rotated, struct ssa_error *err)
{
    const bool in_environment = !rotated->resumed && rotated->created.path[0] == '\0';
    if (option_given(a, &option_json) && !print_json(rotated, err))
        return false;
    if (rotated->resumed)
        print_note("the rotation that was interrupted is complete; the profile names its new key");
    else if (!option_given(a, &option_json) && !in_environment)
        return created_print(a, &rotated->created, err);
    else if (!option_given(a, &option_json) &&
             !print_result(span_of(rotated->created.block.text, rotated->created.block.len), err))
        return false;
    if (in_environment)
        print_note("the old key is set in the environment and in no profile: replace it there by this one");
    return true;
}

static void tell_of_old_key(const struct ssa_rotated *rotated)
{
    const char *id = rotated->old_key_id, *status = rotated->old_key_status;
    if (status[0] == '\0')
        print_note("the API does not know the old key %s any more: `ssa-hsm key rotate --finish` destroys it on its "
                   "PKCS#11 token",
                   id);
    else if (strcmp(status, "DISABLED") == 0)
        print_note("the old key %s is disabled, and gets no access tokens: `ssa-hsm key rotate --finish` retires it",
                   id);
    else
        print_note("the old key %s still works for whoever has its block: `ssa-hsm key rotate --finish` retires it",
                   id);
}

// Prints the new key also when the old one could not be removed completely.
static bool show(const struct arguments *a, const struct ssa_rotation *how, const struct ssa_rotated *rotated,
                 struct ssa_error *err)
{
    if (!print(a, rotated, err))
        return false;
    if (rotated->resumed)
        return true;
    if (rotated->left.code != SSA_OK) {
        *err = rotated->left;
        return false;
    }
    if (!how->at_once)
        tell_of_old_key(rotated);
    return true;
}

static bool key_rotate(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_rotation how;
    struct ssa_rotated rotated = {0};
    char old_key_id[128];
    if (!read_rotation(i->arguments, &how, err))
        return false;
    if (option_given(i->arguments, &option_finish))
        return ssa_rotation_finish(&i->run, how.at_once, old_key_id, i->ending, err);
    if (option_given(i->arguments, &option_dry_run))
        return show_plan(i, &how, err);
    const bool done =
        ssa_key_rotate(&i->run, &how, &rotated, i->ending, err) && show(i->arguments, &how, &rotated, err);
    ssa_rotated_free(&rotated);
    return done;
}

const struct command command_key_rotate = {
    .name = "key rotate",
    .group = "Keys",
    .help = "replace the profile's key by a new one",
    .about = "Creates a new key, puts it into the PKCS#11 token, and fetches an access token with it. "
             "Only then does the profile name the new key. The old key works until it is retired: "
             "disabled and deleted at the API, and destroyed on its PKCS#11 token. It may be "
             "interrupted at any moment and run again.",
    .examples = EXAMPLES({"key rotate", "A new key; the old one still works."},
                         {"key rotate --finish", "Retires the old key, when everybody has the new block."},
                         {"key rotate --dry-run", "Prints the steps, and does nothing."},
                         {"key rotate --now --yes", "Retires the old key at once, for use without a terminal."}),
    .uses = USE_ALL | USE_JOURNAL | USE_SCOPE,
    .options = OPTIONS(&option_replace_key, &option_grace, &option_now, &option_finish, &option_dry_run, &option_slot,
                       &option_rehearse, &option_import, &option_show_secret, &option_yes, &option_json),
    .run = key_rotate,
};
