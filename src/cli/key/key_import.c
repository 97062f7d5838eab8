// ssa-hsm key import FILE
#include "cli/key/new_key.h"
#include "cli/output/print.h"
#include "core/text.h"

static const struct option option_key_id = {"key-id", "KEY_ID", .help = "id of the key, if FILE is only a PEM"};
static const struct option option_email = {"email", "EMAIL", .help = "email of the account, if FILE is only a PEM"};
static const struct option option_shred = {
    "shred", .help = "overwrite and remove FILE, once one request (an access token) has proved its key"};
static const struct option option_offline = {
    "offline", .help = "send nothing to the API: --shred then destroys FILE without that proof"};

static void tell_of_proof(const struct arguments *a, const struct ssa_created *created)
{
    const bool offline = option_given(a, &option_offline);
    if (created->proved)
        print_note("the key is proved: the API has given an access token for it (one request)");
    else if (offline && created->file != SSA_FILE_LEFT)
        print_note("--offline: the API was not asked whether the key works");
}

static void tell_of_file_left(const char *file)
{
    char word[SHELL_WORD_ROOM(SSA_ERROR_TEXT_MAX)];
    // Standard input is not a file, and neither is what a shell substituted for <(…).
    const bool is_file = strcmp(file, "-") != 0 && strstr(file, "/dev/fd/") == NULL && strstr(file, "/proc/") == NULL;
    if (is_file && text_shell_word(word, sizeof word, file))
        print_note("the file still holds the private key. The same command with --shred proves the imported "
                   "key, and destroys the file; by hand: `shred -u %s`",
                   word);
    else
        print_note("where the private key came from, it still is. Destroy it there");
}

// Says what became of the file that the key came from.
static bool tell_of_file(const char *file, const struct ssa_created *created, struct ssa_error *err)
{
    static const char remains[] = "(flash storage and snapshots may still hold it)";
    const bool separate = created->key_path[0] != '\0';
    if (created->file == SSA_FILE_LEFT && created->file_error.code != SSA_OK) {
        *err = created->file_error;
        return false;
    }
    if (created->file == SSA_FILE_LEFT)
        tell_of_file_left(separate ? created->key_path : file);
    else if (separate)
        print_note("%s is overwritten and removed %s", created->key_path, remains);
    if (created->file == SSA_FILE_DESTROYED)
        print_note("%s is overwritten and removed %s", file, remains);
    else if (created->file == SSA_FILE_REPLACED)
        print_note("the key that %s held is overwritten %s", file, remains);
    return true;
}

static bool key_import(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    const struct ssa_import what = {.file = a->words[0],
                                    .key_id = option_value(a, &option_key_id),
                                    .account = option_value(a, &option_account),
                                    .email = option_value(a, &option_email),
                                    .shred = option_given(a, &option_shred),
                                    .offline = option_given(a, &option_offline)};
    struct ssa_created created = {0};
    struct ssa_output output;
    if (!output_read(a, &output, err))
        return false;
    bool done = ssa_key_import(&i->run, &what, &output, &created, i->ending, err);
    if (done) {
        tell_of_proof(a, &created);
        done = created_print(a, &created, err) && tell_of_file(what.file, &created, err);
    }
    ssa_created_free(&created);
    return done;
}

const struct command command_key_import = {
    .name = "key import",
    .group = "Keys",
    .arguments = "FILE",
    .help = "put an existing key into the PKCS#11 token",
    .about = "Puts a key that is in a file into the PKCS#11 token, and writes a profile that names it. "
             "The file is an old .env block with the key as text, the API's answer as "
             "JSON, or only a PEM. With --shred, the file is destroyed, but only after an access token was fetched "
             "with the key.",
    .argument_help = ARGUMENTS({"FILE", "the file with the key; - is standard input"}),
    .examples =
        EXAMPLES({"key import old.env --shred", "Proves the key by one request, then overwrites and removes the file."},
                 {"key import key.pem --key-id 1234abcd --account ABCD1234 --email robot@example.com",
                  "A PEM alone does not say whose key it is."},
                 {"key import old.env --output old.env --force", "The new profile takes the place of the old file."}),
    .writes_profile = true,
    .uses = USE_ALL | USE_JOURNAL,
    .options = OPTIONS(&option_key_id, &option_account, &option_email, &option_output, &option_force,
                       &option_show_secret, &option_shred, &option_offline, &option_slot, &option_replace, &option_yes,
                       &option_rehearse, &option_import, &option_json),
    .run = key_import,
};
