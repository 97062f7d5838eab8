// key import: puts an existing key on a PKCS#11 token, from an old block or a bare PEM. It asks the API only where the
// account is named by its email, and for the proof before the file is destroyed.
#include <errno.h>
#include <stdlib.h>

#include "config/old_names.h"
#include "config/reference.h"
#include "core/callback.h"
#include "core/text.h"
#include "manage/import.h"
#include "manage/import_proof.h"
#include "manage/provision_key.h"

static struct import *import_new(const struct ssa_run *run, const struct ssa_import *what,
                                 const struct ssa_output *output, struct ssa_error *err)
{
    struct import *i = calloc(1, sizeof *i);
    struct ssa_settings *view = settings_with_profile(run->settings, 0);
    if (i == NULL || view == NULL) {
        free(i);
        settings_view_end(&view);
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the import");
        return NULL;
    }
    i->what = what;
    i->source.file.fd = i->source.key_file.fd = -1;
    i->run = *run;
    i->run.settings = i->settings = view;
    i->output = *output;
    return i;
}

static void import_free(struct import **of)
{
    struct import *i = *of;
    if (i == NULL)
        return;
    import_source_end(&i->source);
    settings_view_end(&i->settings);
    ssa_settings_free(i->there);
    free(i);
    *of = NULL;
}
#define IMPORT_AUTO __attribute__((cleanup(import_free))) struct import

// The file that the block names was not typed by the person who wants the block to be destroyed.
static bool confirm(struct import *i, struct ssa_error *err)
{
    const struct import_source *s = &i->source;
    const struct ssa_callbacks *callbacks = &i->run.callbacks;
    if (!i->what->shred || s->key_path[0] == '\0')
        return true;
    if (s->key_file.fd < 0)
        tell(callbacks, SSA_WARNING, "%s, which %s names as the key's file, is not there", s->key_path, s->file.name);
    else if (!i->output.yes &&
             !callback_confirms(callbacks, "Destroy %s, and also the key's own file, which it names: %s?", s->file.name,
                                s->key_path))
        return error_because(err, SSA_DECLINED, SSA_REASON_NOT_CONFIRMED, s->key_path,
                             "nothing was imported or destroyed: you did not confirm that this file goes, too");
    return true;
}

static struct profile_block block_of(struct import *i, struct provision *p)
{
    const char *secret = *import_value(i, SET_CLIENT_SECRET), *email = *import_value(i, SET_EMAIL);
    // A person may have typed it.
    if (secret == NULL && p->open.secret.text.len > 0)
        secret = secret_text(&p->open.secret.text);
    return (struct profile_block){.client_id = *import_value(i, SET_CLIENT_ID),
                                  .secret = secret,
                                  .secret_is_literal = secret != NULL && !reference_text_is_reference(secret),
                                  .account_id = *import_value(i, SET_ACCOUNT_ID),
                                  .key_id = *import_value(i, SET_KEY_ID),
                                  .email = email != NULL ? email : "",
                                  .private_key = ""};
}

// What is known without a PKCS#11 token.
static bool gather(struct import *i, struct provision *p, struct ssa_error *err)
{
    const struct ssa_import *what = i->what;
    if (!import_source_read(&i->source, &i->run, what->file, what->shred, err))
        return false;
    if (!import_take_names(i, p, err) || !import_source_may_go(&i->source, what->shred, err) || !confirm(i, err))
        return false;
    const bool key_goes = what->shred || (i->source.replaced && i->source.key_file.fd < 0);
    i->proves = key_goes && (!what->offline || i->source.spent);
    if (i->source.spent && what->offline)
        return error_because(err, SSA_USAGE, SSA_REASON_IMPORT_SPENT, import_source_of_key(&i->source),
                             "holds no key any more, so only the API can prove which key it was");
    return !i->proves || p->open.client != NULL || proof_prepare(p, err);
}

static bool claim(struct provision *p, struct import *i, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    const char *email = *import_value(i, SET_EMAIL);
    const bool fit = text_format(entry->client_id, sizeof entry->client_id, "%s", *import_value(i, SET_CLIENT_ID)) &&
                     text_format(entry->account, sizeof entry->account, "%s", *import_value(i, SET_ACCOUNT_ID)) &&
                     text_format(entry->kid, sizeof entry->kid, "%s", *import_value(i, SET_KEY_ID)) &&
                     text_format(entry->email, sizeof entry->email, "%s", email != NULL ? email : "");
    return (fit || error_set(err, SSA_CONFIG, NULL, i->source.file.name, "holds a name that is too long")) &&
           journal_claim(&p->journal, err);
}

// The profile that replaces the file does not keep the block's old names, one of which has the key. Until the key is
// proved, a recovery must not replace the file: it writes the profile beside it.
static bool drop_old_names(struct provision *p, const struct import *i, bool with_secret, struct ssa_error *err)
{
    if (!i->source.replaced)
        return true;
    p->journal.entry->replaces_block = true;
    if (i->proves)
        p->journal.entry->replaces_profile = false;
    secret_clear(&p->rest);
    return profile_others_append(p->target.path, old_name_is_replaced, with_secret, &p->rest, err);
}

// Where an earlier import has written the profile, the key must be where that says.
static bool check_found(const struct provision *p, const struct import *i, bool replaces, struct ssa_error *err)
{
    if (p->found || replaces)
        return true;
    return i->source.spent ? import_source_spent(&i->source, err) : import_profile_exists(i, err);
}

// Does all that can be done before the key is imported.
static bool prepare(struct provision *p, struct import *i, const struct profile_block *block, struct ssa_error *err)
{
    const bool replaces = (i->output.replace && !i->source.spent) || !i->known;
    const struct provisioning wanted = {.operation = OP_KEY_IMPORT,
                                        .client_id = block->client_id,
                                        .with_secret = block->secret != NULL,
                                        .without_profile = i->complete};
    // This is found before the token is used.
    if (!profile_block_check(block, &i->run, err))
        return false;
    p->sought = (struct sought){.kid = block->key_id,
                                .uri = i->known ? settings_of_profile(i->there, 0, SET_PRIVATE_KEY) : NULL,
                                .modulus = span_of(i->source.modulus, i->source.modulus_len)};
    i->output.replace |= i->known;
    if (!provision_prepare(p, &wanted, err))
        return false;
    if (!check_found(p, i, replaces, err) || !drop_old_names(p, i, block->secret != NULL, err) || !claim(p, i, err))
        return false;
    if (!secret_append(&p->pem, secret_span(&i->source.pem)))
        return error_set(err, SSA_CONFIG, NULL, import_source_of_key(&i->source),
                         "the private key is longer than %u bytes", PEM_MAX);
    secret_free(&i->source.pem);
    i->source.replaced = old_file_is(&i->source.file, i->profile);
    return import_source_may_go(&i->source, i->what->shred, err) && (!i->proves || proof_know_secret(p, err));
}

// Proves the key before the profile replaces the file that has it.
static bool prove_first(struct provision *p, struct import *i, struct ssa_created *created, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    if (!i->proves || !i->source.replaced)
        return true;
    if (!proof_fetch(p, err))
        return false;
    created->proved = true;
    entry->replaces_profile = i->output.replace;
    return entry->step < STEP_KEY_MADE || journal_step(&p->journal, entry->step, err);
}

// The key stays where it is, and so does the file.
static bool say_kept(const struct provision *p, const struct import *i)
{
    (void)ending_add(p->ending, SSA_END_PLAIN, SSA_REASON_NONE, NULL, NULL,
                     "key %s is on the PKCS#11 token, and its profile is %s", p->journal.entry->kid, i->profile);
    return ending_add(p->ending, SSA_END_PLAIN, SSA_REASON_IMPORT_NOT_PROVED, NULL, NULL,
                      "%s was not destroyed, since no access token was fetched with the key", i->source.file.name);
}

static bool prove_last(struct provision *p, struct import *i, struct ssa_created *created, struct ssa_error *err)
{
    if (!i->proves || i->source.replaced)
        return true;
    created->proved = proof_fetch(p, err);
    return created->proved || say_kept(p, i);
}

// Only the sync of the profile's folder has failed. If the new name is lost after all, the old file must be whole.
static bool say_not_overwritten(const struct provision *p, const struct import *i)
{
    if (p->in_place && i->source.replaced)
        (void)ending_add(p->ending, SSA_END_PLAIN, SSA_REASON_NONE, NULL, NULL,
                         "key %s is on the PKCS#11 token, and %s is the profile now. The disk blocks that held the key "
                         "were not overwritten",
                         p->journal.entry->kid, i->source.file.name);
    return false;
}

static bool finish(struct provision *p, struct import *i, const struct profile_block *block,
                   struct ssa_created *created, struct ssa_error *err)
{
    // Once the profile is in place, the key stays, even after a failure.
    const bool finished =
        i->complete ? provision_show(p, block, i->profile, created, err) : provision_profile(p, block, created, err);
    created->kept = i->complete;
    if (!finished)
        return say_not_overwritten(p, i);
    if (!prove_last(p, i, created, err))
        return false;
    import_source_dispose(&i->source, &i->run, i->what->shred, created);
    return true;
}

static bool import(struct provision *p, struct import *i, struct ssa_created *created, struct ssa_error *err)
{
    struct profile_block block = block_of(i, p);
    if (!prepare(p, i, &block, err))
        return false;
    if (!provision_key(p, import_source_of_key(&i->source), err) || !prove_first(p, i, created, err))
        return provision_undo(p, err);
    block.private_key = p->journal.entry->key_uri;
    return finish(p, i, &block, created, err);
}

bool ssa_key_import(const struct ssa_run *run, const struct ssa_import *what, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    *created = (struct ssa_created){0};
    IMPORT_AUTO *i = import_new(run, what, output, err);
    if (i == NULL)
        return false;
    PROVISION_AUTO *p = provision_new(&i->run, &i->output, ending, err);
    return p != NULL && gather(i, p, err) && import(p, i, created, err);
}
