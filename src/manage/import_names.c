// Whose key is imported, and which profile is for it. An earlier import of the key may have written that profile.
#include <errno.h>
#include <strings.h>

#include "config/reference.h"
#include "core/text.h"
#include "hsm/uri/uri_text.h"
#include "manage/account_reference.h"
#include "manage/import.h"
#include "manage/import_proof.h"
#include "manage/key_recover.h"

static void override(struct import *i, enum setting id, const char *value)
{
    if (value != NULL)
        *import_value(i, id) = value;
}

// Client id and client secret come from the file, or else from the settings. The secret may be unknown.
static bool take_client(struct import *i, struct ssa_error *err)
{
    enum setting_source source;
    const char *id = *import_value(i, SET_CLIENT_ID), *given = settings_get(i->settings, SET_CLIENT_ID, &source);
    const char *name = i->source.old.names[SET_CLIENT_ID];
    if (text_present(id) && source == FROM_OPTION && strcmp(id, given) != 0)
        return error_set(err, SSA_CONFIG, NULL, i->source.file.name, "its %s is not the client id that was asked for",
                         name != NULL ? name : setting_name(SET_CLIENT_ID));
    for (enum setting set = SET_CLIENT_ID; set <= SET_CLIENT_SECRET; set++) {
        const char **value = import_value(i, set);
        if (text_present(*value) && !ssa_settings_option(i->settings, setting_name(set), *value, err))
            return false;
        *value = settings_get(i->settings, set, NULL);
    }
    return true;
}

static bool is_email(const char *account)
{
    return account != NULL && strchr(account, '@') != NULL;
}

// An email is the file's own, or that of the settings' account, or the API is asked.
static bool take_account(struct import *i, struct provision *p, struct ssa_error *err)
{
    const char *named = i->what->account, *email = *import_value(i, SET_EMAIL);
    struct account_reference reference = {0};
    if (!is_email(named)) {
        override(i, SET_ACCOUNT_ID, named);
        return true;
    }
    if (text_present(email) && strcasecmp(email, named) == 0 && text_present(*import_value(i, SET_ACCOUNT_ID)))
        return true;
    if (!account_choose(&i->run, named, &reference, err))
        return false;
    if (!reference.by_email) {
        override(i, SET_ACCOUNT_ID, reference.wanted);
        override(i, SET_EMAIL, i->what->email == NULL ? reference.email : NULL);
        return true;
    }
    if (i->what->offline)
        return error_because(err, SSA_USAGE, SSA_REASON_EMAIL_OFFLINE, named,
                             "only the API knows which account has this email");
    if (!proof_prepare(p, err) || !proof_look_up(p, named, &i->account, err))
        return false;
    override(i, SET_ACCOUNT_ID, i->account.id);
    override(i, SET_EMAIL, i->what->email == NULL ? i->account.email : NULL);
    return true;
}

static bool check_values(struct import *i, struct ssa_error *err)
{
    static const struct {
        enum setting name;
        enum ssa_reason lacking;
    } needed[] = {{SET_CLIENT_ID, SSA_REASON_IMPORT_NO_CLIENT_ID},
                  {SET_ACCOUNT_ID, SSA_REASON_IMPORT_NO_ACCOUNT},
                  {SET_KEY_ID, SSA_REASON_IMPORT_NO_KEY_ID}};
    for (size_t n = 0; n < COUNT(needed); n++) {
        const char *value = *import_value(i, needed[n].name), *name = setting_name(needed[n].name);
        if (!text_present(value))
            return error_because(err, SSA_CONFIG, needed[n].lacking, i->source.file.name, "does not have the %s", name);
        if (needed[n].name != SET_CLIENT_ID && !api_is_id(value))
            return error_set(err, SSA_CONFIG, NULL, name, "is not a valid id");
    }
    return true;
}

static bool same_there(const struct import *i, enum setting id)
{
    const char *there = settings_of_profile(i->there, 0, id), *here = i->source.old.values[id];
    return text_present(there) && text_present(here) && strcmp(there, here) == 0;
}

// Where the key is gone from the file, the profile says whose it was.
static bool take_what_is_gone(struct import *i, struct ssa_error *err)
{
    static const enum setting names[] = {SET_CLIENT_ID, SET_ACCOUNT_ID, SET_KEY_ID, SET_EMAIL};
    if (!i->source.spent)
        return true;
    for (size_t n = 0; n < COUNT(names); n++)
        if (!text_present(*import_value(i, names[n])))
            override(i, names[n], settings_of_profile(i->there, 0, names[n]));
    const char *client_id = *import_value(i, SET_CLIENT_ID);
    return client_id == NULL || ssa_settings_option(i->settings, setting_name(SET_CLIENT_ID), client_id, err);
}

// Reads the profile that is there, and notes whether an earlier import of this key has written it.
static bool look_at_profile(struct import *i, struct ssa_error *err)
{
    struct profile_target target;
    struct ssa_output output = i->output;
    output.replace = true;
    if (!profile_choose(&target, &i->run, &output, "", err))
        return false;
    memcpy(i->profile, target.path, sizeof i->profile);
    i->source.replaced = old_file_is(&i->source.file, target.path);
    i->there = ssa_settings_new();
    if (i->there == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for settings");
    if (i->source.replaced || !ssa_settings_profile(i->there, i->profile, false, NULL, ERROR_IGNORED))
        return true;
    if (!take_what_is_gone(i, err))
        return false;
    const char *key = settings_of_profile(i->there, 0, SET_PRIVATE_KEY);
    i->known = same_there(i, SET_CLIENT_ID) && same_there(i, SET_ACCOUNT_ID) && same_there(i, SET_KEY_ID) &&
               key != NULL && uri_text_is_uri(key) &&
               strcmp(settings_base_url(i->there), settings_base_url(i->settings)) == 0;
    return true;
}

bool import_profile_exists(const struct import *i, struct ssa_error *err)
{
    error_errno(err, SSA_CONFIG, EEXIST, i->profile, "the profile exists already");
    return error_reason(err, SSA_REASON_PROFILE_EXISTS, NULL);
}

// The client secret of a profile that is known: it is used where it is the file's, or refers to one. It may have been
// moved to a PKCS#11 token since the first import.
static bool take_secret_there(struct import *i, struct ssa_error *err)
{
    const char *there = settings_get(i->there, SET_CLIENT_SECRET, NULL), *here = *import_value(i, SET_CLIENT_SECRET);
    const bool in_file = i->source.old.names[SET_CLIENT_SECRET] != NULL;
    i->complete = there != NULL || here == NULL;
    if (there == NULL || (here != NULL && strcmp(there, here) == 0))
        return true;
    if (in_file && (!reference_text_is_reference(there) || (i->what->offline && i->what->shred)))
        return error_because(err, SSA_CONFIG, SSA_REASON_IMPORT_OTHER_SECRET, i->source.file.name,
                             "has another %s than the profile %s", i->source.old.names[SET_CLIENT_SECRET], i->profile);
    *import_value(i, SET_CLIENT_SECRET) = there;
    return ssa_settings_option(i->settings, setting_name(SET_CLIENT_SECRET), there, err);
}

// A profile that is replaced keeps its client secret where nothing else has one.
static bool keep_secret_there(struct import *i, struct ssa_error *err)
{
    const char *there = settings_get(i->there, SET_CLIENT_SECRET, NULL);
    if (*import_value(i, SET_CLIENT_SECRET) != NULL || there == NULL || !same_there(i, SET_CLIENT_ID))
        return true;
    *import_value(i, SET_CLIENT_SECRET) = there;
    return ssa_settings_option(i->settings, setting_name(SET_CLIENT_SECRET), there, err);
}

// Chooses between a new profile and the one that an earlier import has written.
static bool settle_profile(struct import *i, struct ssa_error *err)
{
    if (!look_at_profile(i, err))
        return false;
    if (i->source.spent && !i->known)
        return import_source_spent(&i->source, err);
    if (i->output.replace && !i->source.spent)
        return keep_secret_there(i, err);
    if (i->known)
        return take_secret_there(i, err);
    // profile_choose fails where something is there.
    struct profile_target target;
    return profile_choose(&target, &i->run, &i->output, "", err);
}

// Finishes or undoes an earlier import of this key first, which was interrupted: it may write the profile.
static OWN_FRAME bool settle_earlier(struct import *i, struct provision *p, struct ssa_error *err)
{
    OPENED_AUTO open = {.run = &i->run};
    struct ssa_ending each = {0};
    struct recovery recovery = {.open = &open,
                                .ending = &each,
                                .account = *import_value(i, SET_ACCOUNT_ID),
                                .imported = *import_value(i, SET_KEY_ID)};
    if (!key_recover_all(&recovery, err))
        return false;
    if (recovery.left == 0)
        return true;
    error_set(err, SSA_UNEXPECTED, NULL, recovery.imported, "an earlier import of this key could not be settled");
    return ending_add(p->ending, SSA_END_LEFT, SSA_REASON_OPERATION_OPEN, NULL, NULL, "the messages above say why");
}

bool import_take_names(struct import *i, struct provision *p, struct ssa_error *err)
{
    override(i, SET_KEY_ID, i->what->key_id);
    override(i, SET_EMAIL, i->what->email);
    if (!take_client(i, err) || !take_account(i, p, err))
        return false;
    // Where the key is gone, its import had come to its end.
    if (!i->source.spent && (!check_values(i, err) || !settle_earlier(i, p, err)))
        return false;
    return settle_profile(i, err) && check_values(i, err);
}
