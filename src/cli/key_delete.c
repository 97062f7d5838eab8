// ssa-hsm key delete KEY_ID
#include <string.h>

#include "cli/deletion.h"
#include "cli/print.h"
#include "core/text.h"

bool command_key_delete(const struct invocation *i, struct ssa_error *err)
{
    char question[512];
    const char *own = ssa_settings_value(i->settings, "KEY_ID");
    const bool used = own != NULL && strcmp(own, i->words[0]) == 0;
    (void)text_format(question, sizeof question, "Delete key %s at the API?%s", i->words[0],
                      used ? " It is the one that the settings use: `key rotate` replaces it first." : "");
    if (!deletion_confirmed(i, question, err) ||
        !ssa_key_delete(&i->run, i->arguments->values[OPT_ACCOUNT], i->words[0], err))
        return false;
    print_note("key %s is deleted at the API; an object on a token is left", i->words[0]);
    return true;
}
