// An existing key's way into the token: from an old block or a bare PEM. Asks the API nothing.
#include "core/tell.h"
#include "core/text.h"
#include "flow/dotenv.h"
#include "flow/old_file.h"
#include "flow/provision.h"
#include "flow/reference.h"

enum { KEY_FILE_MAX = 64 * 1024 };

// What the file says. Texts point into the buffer it was read to.
struct old_block {
    const char *values[SETTING_COUNT];
    const char *other; // a name that is not ours
};

static bool take(void *context, const struct assignment *a, struct ssa_error *err)
{
    struct old_block *old = context;
    (void)err;
    for (enum setting id = SET_CLIENT_ID; id <= SET_PRIVATE_KEY; id++)
        if (strcmp(a->name, setting_name(id)) == 0)
            old->values[id] = a->value;
    if (!block_has(a->name, true))
        old->other = a->name;
    return true;
}

// JSON writers and some dotenv libraries write a PEM on one line, its breaks as \n (or \r\n).
static void restore_line_breaks(struct secret *pem)
{
    size_t to = 0;
    for (size_t i = 0; i < pem->len; i++) {
        const bool escape = pem->data[i] == '\\' && i + 1 < pem->len;
        if (escape && (pem->data[i + 1] == 'n' || pem->data[i + 1] == 'r')) {
            pem->data[to++] = pem->data[++i] == 'n' ? '\n' : '\r';
            continue;
        }
        pem->data[to++] = pem->data[i];
    }
    wipe(pem->data + to, pem->len - to);
    pem->len = to;
}

static bool take_pem(struct secret *pem, const char *text, const char *file, struct ssa_error *err)
{
    if (!secret_append_text(pem, text))
        return error_set(err, SSA_CONFIG, NULL, file, "the private key is longer than %u bytes", PEM_MAX);
    restore_line_breaks(pem);
    return true;
}

// An old block: all of its names, unless options say otherwise.
static bool read_block(struct secret *text, const char *file, struct old_block *old, struct ssa_error *err)
{
    if (!dotenv_read(text, file, take, old, err))
        return false;
    const char *key = old->values[SET_PRIVATE_KEY];
    if (key == NULL || key[0] == '\0') {
        error_set(err, SSA_CONFIG, NULL, file, "holds neither PRIVATE_KEY nor a PEM");
        return error_hint(err, "It is an old block of six names, or a PEM with --key-id and --account.");
    }
    if (source_is_uri(key))
        return error_set(err, SSA_CONFIG, NULL, file, "its PRIVATE_KEY is in a token already");
    return true;
}

static bool need(const struct old_block *old, enum setting id, const char *option, const char *file,
                 struct ssa_error *err)
{
    if (old->values[id] != NULL && old->values[id][0] != '\0')
        return true;
    error_set(err, SSA_CONFIG, NULL, file, "does not say the %s", setting_name(id));
    return error_hint(err, "Give it with %s.", option);
}

static bool harmless_id(const char *id, const char *name, struct ssa_error *err)
{
    return aps_is_id(id) || error_set(err, SSA_CONFIG, NULL, name, "can be no id of the API");
}

static bool is_bare_pem(const struct secret *text)
{
    // A block has its PEM behind "PRIVATE_KEY=".
    const char *begin = strstr(secret_text(text), "-----BEGIN ");
    const char *equals = strchr(secret_text(text), '=');
    return begin != NULL && (equals == NULL || begin < equals);
}

static bool read_old(struct secret *text, const char *file, struct secret *pem, struct old_block *old,
                     struct ssa_error *err)
{
    if (is_bare_pem(text))
        return take_pem(pem, secret_text(text), file, err);
    return read_block(text, file, old, err) && take_pem(pem, old->values[SET_PRIVATE_KEY], file, err);
}

static void override(struct old_block *old, enum setting id, const char *value)
{
    if (value != NULL)
        old->values[id] = value;
}

// The client's two names come from the file, else from the settings; the secret may stay unknown.
static void fill_client(struct old_block *old, const struct ssa_settings *s)
{
    for (enum setting id = SET_CLIENT_ID; id <= SET_CLIENT_SECRET; id++)
        if (old->values[id] == NULL || old->values[id][0] == '\0')
            old->values[id] = settings_get(s, id, NULL);
}

static bool check_old(const struct old_block *old, const char *file, struct ssa_error *err)
{
    return need(old, SET_CLIENT_ID, "--client-id or APS_CLIENT_ID", file, err) &&
           need(old, SET_ACCOUNT_ID, "--account", file, err) &&
           need(old, SET_KEY_ID, "--key-id", file, err) &&
           harmless_id(old->values[SET_ACCOUNT_ID], setting_name(SET_ACCOUNT_ID), err) &&
           harmless_id(old->values[SET_KEY_ID], setting_name(SET_KEY_ID), err);
}

static struct block block_of(const struct old_block *old, const char *key_uri)
{
    const char *secret = old->values[SET_CLIENT_SECRET], *email = old->values[SET_EMAIL];
    return (struct block){.client_id = old->values[SET_CLIENT_ID],
                          .secret = secret,
                          .secret_is_literal = secret != NULL && !source_is_reference(secret),
                          .account_id = old->values[SET_ACCOUNT_ID],
                          .key_id = old->values[SET_KEY_ID],
                          .email = email != NULL ? email : "",
                          .private_key = key_uri};
}

// A block that no profile can carry is found before the token is touched.
static bool check_block(const struct block *block, const struct ssa_run *run, struct ssa_error *err)
{
    SECRET_AUTO trial = {0};
    return secret_new(&trial, PROFILE_MAX, err) && block_write(block, run, &trial, err);
}

// A token that took nothing keeps the reason's own class.
static void say_what_is_left(const struct provision *p, bool imported, struct ssa_error *err)
{
    char command[KEY_REMOVAL_MAX];
    provision_left(p, command);
    if (command[0] != '\0') {
        err->code = SSA_IMPORT_LEFT;
        error_hint(err, "Left on the token, as far as can be seen; remove it: `%s`", command);
    } else if (p->key.unsure) {
        err->code = SSA_IMPORT_LEFT;
    } else if (imported) {
        err->code = SSA_IMPORT_CLEAN;
    }
}

// What is known of the key before the token is asked for anything.
struct import {
    struct old_file file;
    struct old_block old;
    struct secret text; // the file's; old points into it
    struct secret pem;
};

static void import_end(struct import *i)
{
    secret_free(&i->text);
    secret_free(&i->pem);
    old_file_close(&i->file);
}

// A key that is none is found before a PIN is asked for; the decoding is done on a copy, since it is in
// place.
static bool check_key(const struct import *i, struct ssa_error *err)
{
    struct rsa_key numbers;
    SECRET_AUTO trial = {0};
    return secret_new(&trial, PEM_MAX, err) && secret_must_be_locked(&trial, err) &&
           secret_append(&trial, secret_span(&i->pem)) &&
           rsa_key_from_pem(&trial, &numbers, i->file.name, err);
}

static bool read_import(struct import *i, const struct ssa_run *run, const struct ssa_import *what,
                        struct ssa_error *err)
{
    if (!secret_new(&i->text, KEY_FILE_MAX, err) || !secret_new(&i->pem, PEM_MAX, err) ||
        !secret_must_be_locked(&i->text, err) || !secret_must_be_locked(&i->pem, err) ||
        !old_file_open(&i->file, what->file, what->shred, &run->callbacks, err) ||
        !old_file_read(&i->file, &run->callbacks, &i->text, err) ||
        !read_old(&i->text, i->file.name, &i->pem, &i->old, err))
        return false;
    override(&i->old, SET_KEY_ID, what->key_id);
    override(&i->old, SET_ACCOUNT_ID, what->account);
    override(&i->old, SET_EMAIL, what->email);
    fill_client(&i->old, run->settings);
    return check_old(&i->old, i->file.name, err) && check_key(i, err);
}

// What becomes of the file once the key is in the token. The profile may have taken its place.
static void dispose(const struct import *i, const struct ssa_run *run, bool shred, bool replaced,
                    struct ssa_created *created)
{
    const bool unreachable = replaced && !i->file.writable;
    if (unreachable)
        tell(&run->callbacks, SSA_WARNING,
             "%s is replaced, but the blocks that held its key are not overwritten", i->file.name);
    if (i->file.standard_input || unreachable)
        created->file = SSA_FILE_NONE;
    else if (!replaced && !shred)
        created->file = SSA_FILE_LEFT;
    else if (old_file_destroy(&i->file, &created->file_error))
        created->file = replaced ? SSA_FILE_REPLACED : SSA_FILE_DESTROYED;
    else
        created->file = SSA_FILE_LEFT;
}

// People keep other things in a .env: those are not destroyed with the key.
static bool nothing_else(const struct import *i, struct ssa_error *err)
{
    if (i->old.other == NULL)
        return true;
    error_set(err, SSA_CONFIG, NULL, i->file.name, "holds %s beside the key, so --shred does not destroy it",
              i->old.other);
    return error_hint(
        err, "Take that out first, or write the new profile in its place: --output %s --force keeps it.",
        i->file.name);
}

static bool claim(struct provision *p, const struct import *i, struct ssa_error *err)
{
    struct entry *entry = &p->journal.entry;
    return ((text_format(entry->client_id, sizeof entry->client_id, "%s", i->old.values[SET_CLIENT_ID]) &&
             text_format(entry->account, sizeof entry->account, "%s", i->old.values[SET_ACCOUNT_ID])) ||
            error_set(err, SSA_CONFIG, NULL, i->file.name, "client id or account id is too long")) &&
           journal_claim(&p->journal, err);
}

// The same before a PIN is asked for.
static bool may_shred(const struct import *i, const struct ssa_run *run, const struct ssa_output *output,
                      struct ssa_error *err)
{
    struct profile_target target;
    return i->old.other == NULL || (profile_choose(&target, run, output, "", err) &&
                                    (old_file_is(&i->file, target.path) || nothing_else(i, err)));
}

bool ssa_key_import(const struct ssa_run *run, const struct ssa_import *what, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_error *err)
{
    *created = (struct ssa_created){0};
    __attribute__((cleanup(import_end))) struct import i = {.file = {.fd = -1}};
    PROVISION_AUTO p = {.target = {.fd = -1}, .journal = {.fd = -1}};
    if (!read_import(&i, run, what, err))
        return false;
    struct block block = block_of(&i.old, p.key_uri);
    if (!check_block(&block, run, err) || (what->shred && !may_shred(&i, run, output, err)) ||
        !provision_prepare(&p, run, output,
                           &(struct provisioning){.operation = OP_KEY_IMPORT,
                                                  .client_id = block.client_id,
                                                  .with_secret = block.secret != NULL},
                           err) ||
        !claim(&p, &i, err) || !secret_append(&p.pem, secret_span(&i.pem)))
        return false;
    secret_free(&i.pem);
    const bool replaced = old_file_is(&i.file, p.target.path);
    // Once more: a person took a while over the PIN, and the file's name may stand for another by now.
    if (what->shred && !replaced && !nothing_else(&i, err))
        return false;
    const bool imported = provision_import(&p, i.file.name, i.old.values[SET_KEY_ID], i.old.values[SET_EMAIL],
                                           i.old.values[SET_ACCOUNT_ID], err);
    const bool finished = imported && provision_finish(&p, &block, created, err);
    // Past the rename the profile is there, and so stays the key.
    if (p.in_place) {
        dispose(&i, run, what->shred, replaced, created);
        return finished;
    }
    if (imported)
        provision_remove(&p);
    say_what_is_left(&p, imported, err);
    provision_failed(&p, err);
    return false;
}
