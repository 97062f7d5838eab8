#include "manage/import_source.h"

#include <errno.h>

#include "core/callback.h"
#include "core/text.h"
#include "hsm/uri/uri_text.h"

enum { KEY_FILE_MAX = 64 * 1024 };

void import_source_end(struct import_source *i)
{
    secret_free(&i->text);
    secret_free(&i->pem);
    old_file_close(&i->file);
    old_file_close(&i->key_file);
}

// Opens and reads the file that the block names. *gone: a destruction that was interrupted has taken it.
static bool read_key_file(struct import_source *i, const struct ssa_run *run, bool shred, struct secret *text,
                          bool *gone, struct ssa_error *err)
{
    *gone = false;
    if (!old_block_key_path(&i->old, i->file.standard_input ? NULL : i->file.name, i->key_path, err) ||
        !secret_new(text, KEY_FILE_MAX, err) || !secret_must_be_locked(text, err))
        return false;
    if (!old_file_open(&i->key_file, i->key_path, shred, &run->callbacks, err)) {
        *gone = shred && i->key_file.fd < 0 && err->domain == SSA_DOMAIN_ERRNO && err->number == ENOENT;
        return *gone;
    }
    if (!old_file_read(&i->key_file, &run->callbacks, text, err))
        return false;
    *gone = shred && old_file_is_overwritten(text);
    return true;
}

// The key in the file that the block names, and the one in the block itself, must be the same.
static bool take_key_file(struct import_source *i, const struct ssa_run *run, bool shred, struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    SECRET_AUTO other = {0};
    const bool alone = i->old.key_count == 0;
    bool gone = false;
    if (!read_key_file(i, run, shred, &text, &gone, err))
        return false;
    i->spent = gone && alone;
    if (gone)
        return true;
    if (!secret_new(&other, PEM_MAX, err) || !secret_must_be_locked(&other, err) ||
        !old_key_take(alone ? &i->pem : &other, secret_text(&text), i->key_path, i->old.beside, err))
        return false;
    if (alone || span_equal(secret_span(&other), secret_span(&i->pem)))
        return true;
    error_set(err, SSA_CONFIG, NULL, i->file.name, "%s and the file of %s hold different keys", i->old.keys[0].name,
              i->old.key_path_name);
    return error_hint(err, "Remove the wrong one.");
}

static bool read_block(struct import_source *i, const struct ssa_run *run, bool shred, struct ssa_error *err)
{
    const char *file = i->file.name;
    if (!old_block_read(&i->text, file, run->settings, &i->old, err))
        return false;
    if (i->old.key_count == 0 && i->old.key_path == NULL)
        return error_because(err, SSA_CONFIG, SSA_REASON_IMPORT_NO_KEY, file, "holds neither PRIVATE_KEY nor a PEM");
    for (size_t k = 0; k < i->old.key_count; k++)
        if (uri_text_is_uri(i->old.keys[k].value))
            return error_set(err, SSA_CONFIG, NULL, file, "its %s is on a PKCS#11 token already", i->old.keys[k].name);
    return (i->old.key_count == 0 || old_block_key(&i->old, file, &i->pem, err)) &&
           (i->old.key_path == NULL || take_key_file(i, run, shred, err));
}

const char *import_source_of_key(const struct import_source *i)
{
    return i->key_file.fd >= 0 ? i->key_path : i->file.name;
}

bool import_source_spent(const struct import_source *i, struct ssa_error *err)
{
    // The block is there, and the file that it names is not.
    if (i->key_path[0] != '\0' && i->key_file.fd < 0)
        return error_errno(err, SSA_CONFIG, ENOENT, i->key_path, "the file cannot be read");
    return error_because(err, SSA_CONFIG, SSA_REASON_IMPORT_SPENT, import_source_of_key(i),
                         "holds no key any more: it was overwritten with zeros");
}

// A copy is decoded, since decoding changes the text. The modulus is public.
static bool check_key(struct import_source *i, struct ssa_error *err)
{
    struct rsa_key numbers;
    SECRET_AUTO trial = {0};
    if (!secret_new(&trial, PEM_MAX, err) || !secret_must_be_locked(&trial, err) ||
        !secret_append(&trial, secret_span(&i->pem)) ||
        !rsa_key_from_pem(&trial, &numbers, import_source_of_key(i), err))
        return false;
    memcpy(i->modulus, numbers.n.data, numbers.n.len);
    i->modulus_len = numbers.n.len;
    return true;
}

static bool take_key(struct import_source *i, const struct ssa_run *run, bool shred, struct ssa_error *err)
{
    if (old_file_is_overwritten(&i->text)) {
        i->spent = true;
        return shred || import_source_spent(i, err);
    }
    return old_text_is_key(&i->text) ? old_key_take(&i->pem, secret_text(&i->text), i->file.name, i->old.beside, err)
                                     : read_block(i, run, shred, err);
}

bool import_source_read(struct import_source *i, const struct ssa_run *run, const char *file, bool shred,
                        struct ssa_error *err)
{
    i->file.fd = i->key_file.fd = -1;
    if (!secret_new(&i->text, KEY_FILE_MAX, err) || !secret_new(&i->pem, PEM_MAX, err) ||
        !secret_must_be_locked(&i->text, err) || !secret_must_be_locked(&i->pem, err) ||
        !old_file_open(&i->file, file, shred, &run->callbacks, err) ||
        !old_file_read(&i->file, &run->callbacks, &i->text, err))
        return false;
    return take_key(i, run, shred, err) && (i->spent || check_key(i, err));
}

// A .env file may have other content, which must not be destroyed with the key.
static bool nothing_else(const struct import_source *i, struct ssa_error *err)
{
    if (i->old.other[0] == '\0')
        return true;
    error_set(err, SSA_CONFIG, NULL, i->file.name, "holds %s beside the key, so it cannot be destroyed", i->old.other);
    return error_reason(err, SSA_REASON_IMPORT_HOLDS_MORE, "%s", i->file.name);
}

static bool nothing_beside(const struct import_source *i, struct ssa_error *err)
{
    if (i->old.beside[0] == '\0')
        return true;
    return error_because(err, SSA_CONFIG, SSA_REASON_IMPORT_LOSES, import_source_of_key(i),
                         "has %s, which would be lost with the key", i->old.beside);
}

// A profile that replaces the file keeps only comments on lines of their own.
static bool keeps_comments(const struct import_source *i, struct ssa_error *err)
{
    if (i->old.behind[0] == '\0')
        return true;
    error_set(err, SSA_CONFIG, NULL, i->file.name, "holds %s after a value, which would be lost with its line",
              i->old.behind);
    return error_hint(err, "Put that comment on a line of its own, or remove it.");
}

// A setting of this program that the profile which replaces the file would not have.
static bool keeps_settings(const struct import_source *i, struct ssa_error *err)
{
    if (i->old.kept.name == NULL)
        return true;
    error_set(err, SSA_CONFIG, NULL, i->file.name, "sets %s, which the new profile would not have", i->old.kept.name);
    return error_hint(err, "Set it in the environment to the same value, or remove it.");
}

bool import_source_may_go(const struct import_source *i, bool shred, struct ssa_error *err)
{
    const bool key_goes = shred || (i->replaced && i->key_file.fd < 0);
    return (!key_goes || nothing_beside(i, err)) &&
           (i->replaced ? keeps_settings(i, err) && keeps_comments(i, err) : !shred || nothing_else(i, err));
}

void import_source_dispose(const struct import_source *i, const struct ssa_run *run, bool shred,
                           struct ssa_created *created)
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
