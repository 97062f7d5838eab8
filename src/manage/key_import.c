// key import: puts an existing key on a PKCS#11 token, from an old block or a bare PEM. It does not ask the API.

#include "config/old_block.h"
#include "config/old_file.h"
#include "config/old_names.h"
#include "config/reference.h"
#include "core/callback.h"
#include "core/text.h"
#include "manage/provision_key.h"

enum { KEY_FILE_MAX = 64 * 1024 };

static void override(struct old_block *old, enum setting id, const char *value)
{
    if (value != NULL)
        old->values[id] = value;
}

// Client id and client secret come from the file, or else from the settings. The secret may be unknown.
static void fill_client(struct old_block *old, const struct ssa_settings *s)
{
    for (enum setting id = SET_CLIENT_ID; id <= SET_CLIENT_SECRET; id++)
        if (!text_present(old->values[id]))
            old->values[id] = settings_get(s, id, NULL);
}

static bool check_old(const struct old_block *old, const char *file, struct ssa_error *err)
{
    static const struct {
        enum setting name;
        enum ssa_reason lacking;
    } needed[] = {{SET_CLIENT_ID, SSA_REASON_IMPORT_NO_CLIENT_ID},
                  {SET_ACCOUNT_ID, SSA_REASON_IMPORT_NO_ACCOUNT},
                  {SET_KEY_ID, SSA_REASON_IMPORT_NO_KEY_ID}};
    for (size_t i = 0; i < COUNT(needed); i++) {
        const char *value = old->values[needed[i].name], *name = setting_name(needed[i].name);
        if (!text_present(value))
            return error_because(err, SSA_CONFIG, needed[i].lacking, file, "does not have the %s", name);
        if (needed[i].name != SET_CLIENT_ID && !api_is_id(value))
            return error_set(err, SSA_CONFIG, NULL, name, "is not a valid id");
    }
    return true;
}

static struct profile_block block_of(const struct old_block *old, const char *key_uri)
{
    const char *secret = old->values[SET_CLIENT_SECRET], *email = old->values[SET_EMAIL];
    return (struct profile_block){.client_id = old->values[SET_CLIENT_ID],
                                  .secret = secret,
                                  .secret_is_literal = secret != NULL && !reference_text_is_reference(secret),
                                  .account_id = old->values[SET_ACCOUNT_ID],
                                  .key_id = old->values[SET_KEY_ID],
                                  .email = email != NULL ? email : "",
                                  .private_key = key_uri};
}

// What is known about the key before the token is used.
struct import {
    struct old_file file;
    struct old_file key_file; // the file that the block names; fd is -1 where the block has the key itself
    char key_path[PATH_TEXT_MAX];
    struct old_block old;
    struct secret text; // the file's; old points into it
    struct secret pem;
    bool replaced; // the profile will replace the file
};

static void import_end(struct import *i)
{
    secret_free(&i->text);
    secret_free(&i->pem);
    old_file_close(&i->file);
    old_file_close(&i->key_file);
}

static const char *in_use(const void *context, enum setting id)
{
    return settings_get(context, id, NULL);
}

// A relative path is one from a program's working folder, which usually is the block's folder, too.
static bool find_key_file(struct import *i, struct ssa_error *err)
{
    struct stat beside, here;
    const char *path = i->old.key_path, *slash = strrchr(i->file.name, '/');
    const int folder = slash == NULL || i->file.standard_input ? 0 : (int)(slash - i->file.name) + 1;
    if (path[0] == '/' || folder == 0)
        return path_format(i->key_path, err, "%s", path);
    if (!path_format(i->key_path, err, "%.*s%s", folder, i->file.name, path))
        return false;
    const bool is_beside = stat(i->key_path, &beside) == 0, is_here = stat(path, &here) == 0;
    if (is_beside && is_here && (beside.st_dev != here.st_dev || beside.st_ino != here.st_ino)) {
        error_set(err, SSA_CONFIG, NULL, i->file.name, "its %s may be %s or %s", i->old.key_path_name, i->key_path,
                  path);
        return error_hint(err, "Write the whole path there.");
    }
    return is_beside || !is_here || path_format(i->key_path, err, "%s", path);
}

static bool take_key_file(struct import *i, const struct ssa_run *run, bool shred, struct secret *pem,
                          struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    return find_key_file(i, err) && secret_new(&text, KEY_FILE_MAX, err) && secret_must_be_locked(&text, err) &&
           old_file_open(&i->key_file, i->key_path, shred, &run->callbacks, err) &&
           old_file_read(&i->key_file, &run->callbacks, &text, err) &&
           old_key_take(pem, secret_text(&text), i->key_path, i->old.beside, err);
}

// The key in the file that the block names, and the one in the block itself, must be the same.
static bool take_named_key(struct import *i, const struct ssa_run *run, bool shred, struct ssa_error *err)
{
    SECRET_AUTO other = {0};
    if (i->old.key_count == 0)
        return take_key_file(i, run, shred, &i->pem, err);
    if (!secret_new(&other, PEM_MAX, err) || !secret_must_be_locked(&other, err) ||
        !take_key_file(i, run, shred, &other, err))
        return false;
    if (span_equal(secret_span(&other), secret_span(&i->pem)))
        return true;
    error_set(err, SSA_CONFIG, NULL, i->file.name, "%s and the file of %s hold different keys", i->old.keys[0].name,
              i->old.key_path_name);
    return error_hint(err, "Remove the wrong one.");
}

static bool read_block(struct import *i, const struct ssa_run *run, bool shred, struct ssa_error *err)
{
    const char *file = i->file.name;
    if (!old_block_read(&i->text, file, in_use, run->settings, &i->old, err))
        return false;
    if (i->old.key_count == 0 && i->old.key_path == NULL)
        return error_because(err, SSA_CONFIG, SSA_REASON_IMPORT_NO_KEY, file, "holds neither PRIVATE_KEY nor a PEM");
    for (size_t k = 0; k < i->old.key_count; k++)
        if (uri_text_is_uri(i->old.keys[k].value))
            return error_set(err, SSA_CONFIG, NULL, file, "its %s is on a PKCS#11 token already", i->old.keys[k].name);
    return (i->old.key_count == 0 || old_block_key(&i->old, file, &i->pem, err)) &&
           (i->old.key_path == NULL || take_named_key(i, run, shred, err));
}

static const char *key_source(const struct import *i)
{
    return i->key_file.fd >= 0 ? i->key_path : i->file.name;
}

// A malformed key is found before a PIN is asked for. A copy is decoded, since decoding changes the text.
static bool check_key(const struct import *i, struct ssa_error *err)
{
    struct rsa_key numbers;
    SECRET_AUTO trial = {0};
    return secret_new(&trial, PEM_MAX, err) && secret_must_be_locked(&trial, err) &&
           secret_append(&trial, secret_span(&i->pem)) && rsa_key_from_pem(&trial, &numbers, key_source(i), err);
}

static bool read_import(struct import *i, const struct ssa_run *run, const struct ssa_import *what,
                        struct ssa_error *err)
{
    if (!secret_new(&i->text, KEY_FILE_MAX, err) || !secret_new(&i->pem, PEM_MAX, err) ||
        !secret_must_be_locked(&i->text, err) || !secret_must_be_locked(&i->pem, err) ||
        !old_file_open(&i->file, what->file, what->shred, &run->callbacks, err) ||
        !old_file_read(&i->file, &run->callbacks, &i->text, err))
        return false;
    if (old_text_is_key(&i->text) ? !old_key_take(&i->pem, secret_text(&i->text), i->file.name, i->old.beside, err)
                                  : !read_block(i, run, what->shred, err))
        return false;
    override(&i->old, SET_KEY_ID, what->key_id);
    override(&i->old, SET_ACCOUNT_ID, what->account);
    override(&i->old, SET_EMAIL, what->email);
    fill_client(&i->old, run->settings);
    return check_old(&i->old, i->file.name, err) && check_key(i, err);
}

// Destroys the file or leaves it, once the key is on the token. The profile may have replaced it.
static void dispose(const struct import *i, const struct ssa_run *run, bool shred, struct ssa_created *created)
{
    const bool unreachable = i->replaced && !i->file.writable, separate = i->key_file.fd >= 0;
    if (unreachable)
        tell(&run->callbacks, SSA_WARNING,
             "%s was replaced, but the disk blocks that held its key were not overwritten", i->file.name);
    if (separate)
        memcpy(created->key_path, i->key_path, sizeof created->key_path);
    // The block is destroyed only after its key file: as long as that is left, the block may be needed.
    if (separate && (!shred || !old_file_destroy(&i->key_file, &created->file_error)))
        created->file = SSA_FILE_LEFT;
    else if (i->file.standard_input || unreachable)
        created->file = SSA_FILE_NONE;
    else if (!i->replaced && !shred)
        created->file = SSA_FILE_LEFT;
    else if (old_file_destroy(&i->file, &created->file_error))
        created->file = i->replaced ? SSA_FILE_REPLACED : SSA_FILE_DESTROYED;
    else
        created->file = SSA_FILE_LEFT;
}

// A .env file may have other content, which must not be destroyed with the key.
static bool nothing_else(const struct import *i, struct ssa_error *err)
{
    if (i->old.other[0] == '\0')
        return true;
    error_set(err, SSA_CONFIG, NULL, i->file.name, "holds %s beside the key, so it cannot be destroyed", i->old.other);
    return error_reason(err, SSA_REASON_IMPORT_HOLDS_MORE, "%s", i->file.name);
}

static bool nothing_beside(const struct import *i, struct ssa_error *err)
{
    if (i->old.beside[0] == '\0')
        return true;
    return error_because(err, SSA_CONFIG, SSA_REASON_IMPORT_LOSES, key_source(i),
                         "has %s, which would be lost with the key", i->old.beside);
}

// A profile that replaces the file keeps only comments on lines of their own.
static bool keeps_comments(const struct import *i, struct ssa_error *err)
{
    if (i->old.behind[0] == '\0')
        return true;
    error_set(err, SSA_CONFIG, NULL, i->file.name, "holds %s after a value, which would be lost with its line",
              i->old.behind);
    return error_hint(err, "Put that comment on a line of its own, or remove it.");
}

// A setting of this program that the profile which replaces the file would not have.
static bool keeps_settings(const struct import *i, struct ssa_error *err)
{
    if (i->old.kept.name == NULL)
        return true;
    error_set(err, SSA_CONFIG, NULL, i->file.name, "sets %s, which the new profile would not have", i->old.kept.name);
    return error_hint(err, "Set it in the environment to the same value, or remove it.");
}

// This is checked before a PIN is asked for, and again after it: a person may have needed a while, and another file may
// have the name by then.
static bool may_shred(const struct import *i, bool shred, struct ssa_error *err)
{
    const bool key_goes = shred || (i->replaced && i->key_file.fd < 0);
    return (!key_goes || nothing_beside(i, err)) &&
           (i->replaced ? keeps_settings(i, err) && keeps_comments(i, err) : !shred || nothing_else(i, err));
}

static bool claim(struct provision *p, const struct import *i, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    const char *email = i->old.values[SET_EMAIL];
    const bool fit = text_format(entry->client_id, sizeof entry->client_id, "%s", i->old.values[SET_CLIENT_ID]) &&
                     text_format(entry->account, sizeof entry->account, "%s", i->old.values[SET_ACCOUNT_ID]) &&
                     text_format(entry->kid, sizeof entry->kid, "%s", i->old.values[SET_KEY_ID]) &&
                     text_format(entry->email, sizeof entry->email, "%s", email != NULL ? email : "");
    return (fit || error_set(err, SSA_CONFIG, NULL, i->file.name, "holds a name that is too long")) &&
           journal_claim(&p->journal, err);
}

static bool choose_place(struct import *i, const struct ssa_run *run, const struct ssa_output *output,
                         struct ssa_error *err)
{
    struct profile_target target;
    if (!profile_choose(&target, run, output, "", err))
        return false;
    i->replaced = old_file_is(&i->file, target.path);
    return true;
}

// The profile that replaces the file does not keep the block's old names, one of which has the key.
static bool drop_old_names(struct provision *p, const struct import *i, bool with_secret, struct ssa_error *err)
{
    if (!i->replaced)
        return true;
    p->journal.entry->replaces_block = true;
    secret_clear(&p->rest);
    return profile_others_append(p->target.path, old_name_is_replaced, with_secret, &p->rest, err);
}

// Does all that can be done before the key is imported.
static bool prepare(struct provision *p, struct import *i, const struct ssa_import *what,
                    const struct profile_block *block, struct ssa_error *err)
{
    const struct provisioning wanted = {
        .operation = OP_KEY_IMPORT, .client_id = block->client_id, .with_secret = block->secret != NULL};
    // This is found before the token is used.
    if (!profile_block_check(block, p->open.run, err))
        return false;
    if (!choose_place(i, p->open.run, p->output, err) || !may_shred(i, what->shred, err))
        return false;
    if (!provision_prepare(p, &wanted, err))
        return false;
    if (!drop_old_names(p, i, block->secret != NULL, err) || !claim(p, i, err))
        return false;
    if (!secret_append(&p->pem, secret_span(&i->pem)))
        return error_set(err, SSA_CONFIG, NULL, key_source(i), "the private key is longer than %u bytes", PEM_MAX);
    secret_free(&i->pem);
    i->replaced = old_file_is(&i->file, p->target.path);
    return may_shred(i, what->shred, err);
}

static bool import(struct provision *p, struct import *i, const struct ssa_import *what, struct ssa_created *created,
                   struct ssa_error *err)
{
    struct profile_block block = block_of(&i->old, "");
    if (!prepare(p, i, what, &block, err))
        return false;
    if (!provision_key(p, key_source(i), err))
        return provision_undo(p, err);
    block.private_key = p->journal.entry->key_uri;
    const bool finished = provision_profile(p, &block, created, err);
    // Once the profile is in place, the key stays, even after a failure.
    if (p->in_place)
        dispose(i, p->open.run, what->shred, created);
    return finished;
}

bool ssa_key_import(const struct ssa_run *run, const struct ssa_import *what, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    *created = (struct ssa_created){0};
    __attribute__((cleanup(import_end))) struct import i = {.file = {.fd = -1}, .key_file = {.fd = -1}};
    PROVISION_AUTO *p = provision_new(run, output, ending, err);
    return p != NULL && read_import(&i, run, what, err) && import(p, &i, what, created, err);
}
