// The proof that all works, the end of the old file, and what is left for people to do.
#include "cli/key/new_key.h"
#include "cli/output/print.h"
#include "cli/setup/plain.h"
#include "cli/setup/setup.h"
#include "config/dotenv.h"
#include "config/old_edit.h"
#include "config/reference.h"
#include "config/settings.h"
#include "core/callback.h"
#include "core/text.h"

bool setup_prove(struct setup *s, struct ssa_error *err)
{
    static const struct ssa_token_request request = {.scope = NULL};
    struct ssa_grant grant;
    plain_say("an access token is fetched, which proves account, key and client secret", WORDS("ssa-hsm", "token"));
    memory_begin(&s->memory);
    const bool done = ssa_fetch(&s->run, &request, &grant, err);
    memory_end(&s->memory, done, err);
    ssa_grant_free(&grant);
    if (done)
        print_note("the API gave an access token: it works");
    return done;
}

// A file that was found in a later run, or was changed since, may hold another key under the same id.
static bool has_same_key(struct setup *s, bool *same, struct ssa_error *err)
{
    struct ssa_verified verified;
    char before[FINGERPRINT_TEXT], path[PATH_TEXT_MAX];
    memcpy(before, s->old.modulus, sizeof before);
    memcpy(path, s->old.path, sizeof path);
    *same = false;
    if (!setup_read_old(s, path, err))
        return false;
    if (s->old.spent) {
        *same = true;
        return true;
    }
    if (s->imported) {
        *same = strcmp(before, s->old.modulus) == 0;
        return true;
    }
    memory_begin(&s->memory);
    const bool done = ssa_key_verify(&s->run, &verified, err);
    memory_end(&s->memory, done, err);
    *same = done && strcmp(verified.modulus_sha256, s->old.modulus) == 0;
    return done;
}

static const char remains[] = "flash storage and snapshots may still hold it";

static bool destroy(const struct setup *s, const char *path, struct ssa_error *err)
{
    struct old_file file = {.fd = -1};
    plain_say("the file is overwritten and removed", WORDS("shred", "-u", path));
    if (!callback_confirms(&s->run.callbacks, "Destroy %s?", path)) {
        print_note("%s still holds the private key", path);
        return true;
    }
    const bool done = old_file_open(&file, path, true, &s->run.callbacks, err) && old_file_destroy(&file, err);
    old_file_close(&file);
    if (done)
        print_note("%s is overwritten and removed (%s)", path, remains);
    return done;
}

// A program that reads the file finds the profile by the name that is left there.
static bool edit(const struct setup *s, struct ssa_error *err)
{
    static const char comment[] = "# The account's key is on a PKCS#11 token. ssa-hsm reads this profile:\n";
    struct old_file file = {.fd = -1};
    SECRET_AUTO pointer = {0};
    if (!secret_new(&pointer, sizeof comment + 2UL * PATH_TEXT_MAX, err))
        return false;
    if (!secret_append_text(&pointer, comment))
        return error_set(err, SSA_UNEXPECTED, NULL, s->profile, "the reference is too long");
    if (!dotenv_append(&pointer, setting_name(SET_PROFILE), s->profile, err))
        return false;
    print_note("%s holds more than the account's block (%s). The lines of the block, in any spelling of its names, can "
               "be replaced by %s=\"%s\". All others stay.",
               s->old.path, s->old.other, setting_name(SET_PROFILE), s->profile);
    if (!callback_confirms(&s->run.callbacks, "Change %s so?", s->old.path)) {
        print_note("%s still holds the private key", s->old.path);
        return true;
    }
    const bool done = old_file_open(&file, s->old.path, true, &s->run.callbacks, err) &&
                      old_block_replace(&file, &s->run, secret_text(&pointer), err);
    old_file_close(&file);
    if (done)
        print_note("%s has a reference instead; its old content is overwritten (%s)", s->old.path, remains);
    return done;
}

// A file that has the only copy of the client secret is not destroyed.
static bool has_only_secret(const struct setup *s)
{
    return s->old.has_secret && settings_secret_from(s->settings, FROM_PROFILE) == NULL;
}

bool setup_retire_old_file(struct setup *s, struct ssa_error *err)
{
    bool same = false;
    if (s->old.path[0] == '\0')
        return true;
    if (!has_same_key(s, &same, err))
        return false;
    if (!same) {
        print_note("the key in the old file is not the one on the PKCS#11 token: the file is left alone");
        return true;
    }
    if (has_only_secret(s)) {
        print_note("%s has the client secret, and the profile has none: the file is left alone", s->old.path);
        return true;
    }
    if (s->old.key_path[0] != '\0' && !destroy(s, s->old.key_path, err))
        return false;
    return s->old.other[0] == '\0' ? destroy(s, s->old.path, err) : edit(s, err);
}

// A shell that has read the old file still has its names. There they come before the profile, unless that is named.
static void say_unset(const struct setup *s)
{
    static const enum setting names[] = {SET_CLIENT_SECRET, SET_SECRET_ALIAS, SET_ACCOUNT_ID,
                                         SET_KEY_ID,        SET_EMAIL,        SET_PRIVATE_KEY};
    const char *words[COUNT(names) + 2] = {"unset"};
    size_t count = 1;
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *value = settings_from(s->settings, FROM_ENVIRONMENT, names[i]);
        if (text_present(value) && !reference_text_is_reference(value))
            words[count++] = setting_name(names[i]);
    }
    if (count > 1 && s->profile_name == NULL)
        plain_say(
            "this shell has settings of its own, which come before the profile. Without them, the profile counts:",
            words);
}

bool setup_say_next(struct setup *s, struct ssa_error *err)
{
    struct ssa_created created = {0};
    const char *email = setup_profile_value(s, SET_EMAIL);
    (void)err;
    // It may come from an old file, which nobody has checked.
    text_harmless(created.email, sizeof created.email, span_text(email != NULL ? email : ""));
    (void)text_format(created.path, sizeof created.path, "%s", s->profile);
    print_note("done: `ssa-hsm token` prints an access token, and `ssa-hsm exec -- CMD` runs a program with one");
    if (s->account_is_new)
        created_next_step(&created);
    else
        print_note("the account has the access that was given to it, if any: `ssa-hsm account provision --check` shows "
                   "it, and "
                   "`ssa-hsm account provision` prints how to give more");
    say_unset(s);
    return true;
}
