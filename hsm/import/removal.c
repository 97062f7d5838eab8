#include "hsm/import/removal.h"

#include "hsm/key/slot.h"
#include "hsm/token/handle.h"

enum { KEY_ID_MAX = 128 };

// Appends the command that deletes one of the objects with this id.
static bool append_removal(const struct token *token, const char *type, const char *hex,
                           char out[static KEY_REMOVAL_MAX])
{
    const size_t used = strlen(out);
    const struct token_info *info = &token->info;
    char path[KEY_REMOVAL_MAX], label[SHELL_WORD_ROOM(sizeof info->label)];
    return text_shell_word(path, sizeof path, token->module.entry.path) &&
           text_shell_word(label, sizeof label, info->label) &&
           text_format(out + used, KEY_REMOVAL_MAX - used,
                       "%spkcs11-tool --module %s --token-label %s --login --delete-object --type %s --id %s",
                       used > 0 ? " && " : "", path, label, type, hex);
}

// Puts the slot's name into a command of the quirks.
static void card_removal(const char *command, const struct key_name *name, char out[static KEY_REMOVAL_MAX])
{
    const char *place = strstr(command, "%s");
    if (place == NULL || !text_format(out, KEY_REMOVAL_MAX, "%.*s%s%s", (int)(place - command), command,
                                      slot_name(name->slot), place + strlen("%s")))
        out[0] = '\0';
}

void removal_command(const struct token *token, const struct key *key, const struct key_name *name,
                     char out[static KEY_REMOVAL_MAX])
{
    const struct span id = key_id(name);
    char hex[2 * KEY_ID_MAX + 1] = "";
    out[0] = '\0';
    if (key->private_object != CK_INVALID_HANDLE && token->info.quirks->removal != NULL)
        card_removal(token->info.quirks->removal, name, out);
    else if (key->certificate_left)
        card_removal(token->info.quirks->certificate_removal, name, out);
    if (id.len > KEY_ID_MAX || token->info.quirks->removal != NULL)
        return;
    text_hex(hex, id);
    if ((key->private_object != CK_INVALID_HANDLE && !append_removal(token, "privkey", hex, out)) ||
        (key->public_object != CK_INVALID_HANDLE && !append_removal(token, "pubkey", hex, out)))
        out[0] = '\0';
}
