#include "cli/key/new_key.h"

#include "cli/command/suggestion.h"
#include "cli/output/print.h"

const struct option option_force = {"force", .help = "replace the profile if it exists"};
static const char *const ways[] = {
    [SSA_IMPORT_AUTO] = "auto", [SSA_IMPORT_PLAIN] = "plain", [SSA_IMPORT_WRAP] = "wrap", NULL};
const struct option option_import = {"import", "WAY", .help = "how the key gets into the PKCS#11 token", .values = ways,
                                     .preset = "auto"};
const struct option option_rehearse = {"rehearse",
                                       .help = "first try the import with a throwaway key on the PKCS#11 token"};
const struct option option_replace = {"replace", .help = "destroy the key that is in the slot now; asks before"};
const struct option option_show_secret = {"show-secret", .help = "print the client secret, too, among the settings"};
const struct option option_slot = {"slot", "SLOT", .help = "slot of a PIV card: 9a, 9c, 9d, 9e, 82 to 95"};

bool output_read(const struct arguments *a, struct ssa_output *output, struct ssa_error *err)
{
    size_t way = SSA_IMPORT_AUTO;
    if (option_given(a, &option_json) && option_given(a, &option_show_secret))
        return error_set(err, SSA_USAGE, NULL, NULL,
                         "--show-secret cannot be used with --json, which prints no secret");
    if (option_given(a, &option_profile) && option_given(a, &option_output)) {
        error_set(err, SSA_USAGE, NULL, NULL,
                  "--profile and --output cannot be used together: both say where the "
                  "profile is written");
        return error_hint(err, "With --output, SSA_HSM_PROFILE says which profile the settings come from.");
    }
    if (!option_choice(a, &option_import, ways, &way, err))
        return false;
    *output = (struct ssa_output){.profile = option_value(a, &option_profile),
                                  .file = option_value(a, &option_output),
                                  .replace = option_given(a, &option_force),
                                  .show_secret = option_given(a, &option_show_secret),
                                  .slot = option_value(a, &option_slot),
                                  .replace_key = option_given(a, &option_replace),
                                  .yes = option_given(a, &option_yes),
                                  .rehearse = option_given(a, &option_rehearse),
                                  .import_way = (enum ssa_import_way)way};
    return true;
}

// A person who has typed the client secret may not expect it in a file.
static void tell_of_secret(const struct ssa_created *created)
{
    if (!created->secret_in_profile)
        return;
    print_note("the client secret is in %s, a file of mode 0600. %s\n"
               "APS_SECRET_ID there may also be file:PATH or credential:NAME.",
               created->path,
               created->secret_may_move ? "`ssa-hsm secret import` moves it to the PKCS#11 token."
                                        : "This PKCS#11 token cannot hold it.");
}

void created_members(struct json_writer *w, const struct ssa_created *created)
{
    static const char *const ends[] = {[SSA_FILE_NONE] = "",
                                       [SSA_FILE_LEFT] = "left",
                                       [SSA_FILE_DESTROYED] = "destroyed",
                                       [SSA_FILE_REPLACED] = "replaced"};
    member_text(w, "clientId", created->client_id);
    member_text(w, "serviceAccountId", created->account);
    member_text(w, "email", created->email);
    member_text(w, "keyId", created->key_id);
    member_text(w, "privateKey", created->key_uri.text);
    member_text(w, "profile", created->path);
    member_text(w, "file", ends[created->file]);
}

static bool print_json(const struct ssa_created *created, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    created_members(&d.json, created);
    return document_print(&d, err);
}

bool created_print(const struct arguments *a, const struct ssa_created *created, struct ssa_error *err)
{
    suggestion_profile(created->path);
    if (option_given(a, &option_json) ? print_json(created, err)
                                      : print_result(span_of(created->block.text, created->block.len), err)) {
        if (created->kept)
            print_note("%s has this key already, and is left as it is", created->path);
        else
            print_note("saved as %s", created->path);
        tell_of_secret(created);
        return true;
    }
    return error_hint(err, "Nothing is lost: all is done, and the profile is saved as %s.", created->path);
}

void created_next_step(const struct ssa_created *created)
{
    if (created->email[0] == '\0')
        return;
    print_note("next: give %s access to projects\n"
               "An administrator of the hub adds the app's client id under Custom Integrations, once, and invites "
               "this email like a person. Until then `ssa-hsm token` gets access tokens that give access to nothing. "
               "`ssa-hsm account provision` prints the steps.",
               created->email);
}
