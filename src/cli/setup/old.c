// An old .env file with a private key: finding it, and putting the key on the PKCS#11 token.
#include <errno.h>

#include "cli/output/print.h"
#include "cli/setup/plain.h"
#include "cli/setup/setup.h"
#include "config/old_file.h"
#include "config/settings.h"
#include "core/callback.h"
#include "core/file_mark.h"
#include "core/rsa_key.h"
#include "core/text.h"

enum { FILE_MAX = 64 * 1024 };

static const char usual_file[] = ".env";

// An id is shown, and so must be one.
static bool copy_id(char to[static API_ID_MAX], const struct old_block *block, enum setting id, const char *path,
                    struct ssa_error *err)
{
    const char *value = block->values[id];
    if (!text_present(value))
        return true;
    return (api_is_id(value) && text_format(to, API_ID_MAX, "%s", value)) ||
           error_set(err, SSA_CONFIG, NULL, path, "its %s is not a valid id", block->names[id]);
}

static bool read_key_file(const struct setup_old *old, struct secret *pem, struct ssa_error *err)
{
    static const struct ssa_callbacks quiet = {.tell = NULL};
    char beside[OLD_NAME_MAX] = "";
    struct old_file file = {.fd = -1};
    SECRET_AUTO text = {0};
    const bool done = secret_new(&text, FILE_MAX, err) && old_file_open(&file, old->key_path, false, &quiet, err) &&
                      old_file_read(&file, &quiet, &text, err) &&
                      old_key_take(pem, secret_text(&text), old->key_path, beside, err);
    old_file_close(&file);
    return done;
}

// The key's fingerprint tells later whether the file still has the key that is on the PKCS#11 token.
static bool note_key(struct setup_old *old, struct old_block *block, struct ssa_error *err)
{
    struct rsa_key numbers;
    SECRET_AUTO pem = {0};
    if (!secret_new(&pem, PEM_MAX, err) || !secret_must_be_locked(&pem, err))
        return false;
    if (!(block->key_count > 0 ? old_block_key(block, old->path, &pem, err) : read_key_file(old, &pem, err)) ||
        !rsa_key_from_pem(&pem, &numbers, old->path, err))
        return false;
    fingerprint(numbers.n, old->modulus);
    return true;
}

static bool is_gone(const char *path)
{
    struct stat about;
    return lstat(path, &about) != 0 && errno == ENOENT;
}

static bool note_block(struct setup *s, const char *path, struct old_block *block, struct ssa_error *err)
{
    struct setup_old *old = &s->old;
    if ((block->key_count == 0 && block->key_path == NULL) ||
        (block->key_count > 0 && uri_text_is_uri(block->keys[0].value)))
        return true;
    old->has_secret = text_present(block->values[SET_CLIENT_SECRET]);
    memcpy(old->other, block->other, sizeof old->other);
    if (!path_format(old->path, err, "%s", path) || !copy_id(old->client_id, block, SET_CLIENT_ID, path, err) ||
        !copy_id(old->account, block, SET_ACCOUNT_ID, path, err) || !copy_id(old->kid, block, SET_KEY_ID, path, err))
        return false;
    if (block->key_path != NULL && !old_block_key_path(block, path, old->key_path, err))
        return false;
    old->spent = block->key_count == 0 && is_gone(old->key_path);
    if (old->spent)
        old->key_path[0] = '\0';
    return old->spent || note_key(old, block, err);
}

static OWN_FRAME bool read_block(struct setup *s, const char *path, struct secret *text, struct ssa_error *err)
{
    struct old_block block;
    if (old_text_is_key(text)) {
        error_set(err, SSA_CONFIG, NULL, path, "holds a key alone, without the names of its account");
        return error_hint(err, "`ssa-hsm key import FILE --key-id KEY_ID --account ID` imports it.");
    }
    return old_block_read(text, path, s->settings, &block, err) && note_block(s, path, &block, err);
}

bool setup_read_old(struct setup *s, const char *path, struct ssa_error *err)
{
    static const struct ssa_callbacks quiet = {.tell = NULL};
    struct old_file file = {.fd = -1};
    SECRET_AUTO text = {0};
    s->old = (struct setup_old){.has_secret = false};
    const bool done = secret_new(&text, FILE_MAX, err) && secret_must_be_locked(&text, err) &&
                      old_file_open(&file, path, false, &quiet, err) && old_file_read(&file, &quiet, &text, err) &&
                      read_block(s, path, &text, err);
    old_file_close(&file);
    if (!done)
        s->old = (struct setup_old){.has_secret = false};
    return done;
}

// The profile would take the file's place before the key has proved itself.
static bool is_profile(const struct setup *s)
{
    struct stat file, profile;
    return s->old.path[0] != '\0' && stat(s->old.path, &file) == 0 && stat(s->profile, &profile) == 0 &&
           file_is_same(&file, &profile);
}

// A file of the folder is only looked at, but one that was named must be understood.
static bool look(struct setup *s, struct ssa_error *err)
{
    struct stat about;
    const struct arguments *a = s->invocation->arguments;
    if (a->word_count > 0)
        return setup_read_old(s, a->words[0], err);
    if (stat(usual_file, &about) != 0 || !S_ISREG(about.st_mode) || setup_read_old(s, usual_file, err))
        return true;
    err->hint[0] = '\0';
    print_error(err);
    print_note("%s is left alone", usual_file);
    return true;
}

bool setup_find_old_file(struct setup *s, struct ssa_error *err)
{
    const struct setup_old none = {.has_secret = false};
    if (!look(s, err))
        return false;
    if (is_profile(s))
        return setup_refuse_profile(s, err);
    const struct setup_old *old = &s->old;
    if (old->path[0] == '\0')
        return true;
    if (old->spent && (!setup_has_key(s) || strcmp(old->kid, setup_profile_value(s, SET_KEY_ID)) != 0)) {
        print_note("%s names a file with the key, which is not there: it is left alone", old->path);
        s->old = none;
        return true;
    }
    if (!setup_has_key(s)) {
        print_note("%s holds a private key (account %s, key %s)", old->path, old->account, old->kid);
        if (!callback_confirms(&s->run.callbacks, "Put this key on a PKCS#11 token?"))
            s->old = none;
        return true;
    }
    if (strcmp(old->kid, setup_profile_value(s, SET_KEY_ID)) != 0) {
        print_note("%s holds another private key than the profile (key %s), and is left alone", old->path, old->kid);
        s->old = none;
    }
    return true;
}

bool setup_import(struct setup *s, struct ssa_error *err)
{
    struct ssa_created created;
    const struct ssa_import what = {.file = s->old.path};
    const struct ssa_output output = {.profile = s->profile_name, .replace = true};
    if (s->old.path[0] == '\0' || setup_has_key(s))
        return true;
    plain_say("the key goes from the file to the PKCS#11 token. The file stays until the key has proved itself.",
              WORDS("ssa-hsm", "key", "import", s->old.path, s->token[0] != '\0' ? "--token" : "", s->token,
                    setup_profile_is_there(s) ? "--force" : ""));
    memory_begin(&s->memory);
    s->imported = ssa_key_import(&s->run, &what, &output, &created, s->invocation->ending, err);
    memory_end(&s->memory, s->imported, err);
    if (s->imported) {
        print_note("saved as %s", created.path);
        (void)text_format(s->old.key_path, sizeof s->old.key_path, "%s", created.key_path);
    }
    ssa_created_free(&created);
    return s->imported && setup_read_profile(s, err);
}
