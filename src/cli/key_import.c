// ssa-hsm key import FILE
#include "cli/created.h"
#include "cli/print.h"

static bool say_what_became(const char *file, const struct ssa_created *created, struct ssa_error *err)
{
    const bool separate = created->key_path[0] != '\0';
    if (separate && created->file != SSA_FILE_LEFT)
        print_note("%s is overwritten and removed (flash storage and snapshots may still hold it)",
                   created->key_path);
    switch (created->file) {
    case SSA_FILE_NONE:
        break;
    case SSA_FILE_DESTROYED:
        print_note("%s is overwritten and removed (flash storage and snapshots may still hold it)", file);
        break;
    case SSA_FILE_REPLACED:
        print_note("the key that %s held is overwritten (flash storage and snapshots may still hold it)",
                   file);
        break;
    case SSA_FILE_LEFT:
        if (created->file_error.code != SSA_OK) {
            *err = created->file_error;
            return false;
        }
        print_note("the file still holds the private key. Destroy it: shred -u %s",
                   separate ? created->key_path : file);
    }
    return true;
}

bool command_key_import(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    const struct ssa_import what = {.file = i->words[0],
                                    .key_id = a->values[OPT_KEY_ID],
                                    .account = a->values[OPT_ACCOUNT],
                                    .email = a->values[OPT_EMAIL],
                                    .shred = a->given[OPT_SHRED]};
    struct ssa_created created = {0};
    struct ssa_output output;
    const bool done = output_of(a, &output, err) &&
                      ssa_key_import(&i->run, &what, &output, &created, i->ending, err) &&
                      created_print(&created, err) && say_what_became(what.file, &created, err);
    ssa_created_free(&created);
    return done;
}
