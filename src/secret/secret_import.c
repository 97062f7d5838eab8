// secret import: stores the client secret on a PKCS#11 token.
#include "config/dotenv.h"
#include "core/callback.h"
#include "core/result.h"
#include "core/text.h"
#include "hsm/data/data.h"
#include "secret/secret_marks.h"
#include "secret/secret_operation.h"
#include "secret/secret_profile.h"
#include "signer/client_secret.h"
#include "signer/open_token.h"

enum { LINE_MAX_BYTES = URI_TEXT_MAX + 64 };

static bool choose_label(const char *given, const char *client_id, char label[static DATA_LABEL_MAX],
                         struct ssa_error *err)
{
    if (given == NULL)
        return text_format(label, DATA_LABEL_MAX, "APS client secret %s", client_id) ||
               error_set(err, SSA_CONFIG, NULL, setting_name(SET_CLIENT_ID), "is too long for a label");
    return (given[0] != '\0' && text_is_utf8(span_text(given)) && text_format(label, DATA_LABEL_MAX, "%s", given)) ||
           error_set(err, SSA_USAGE, NULL, NULL, "a label must have 1 to %u bytes of UTF-8", DATA_LABEL_MAX - 1);
}

static bool may_replace(const struct secret_object *at, bool replace, const struct data_marks *before,
                        struct ssa_error *err)
{
    const char *token = token_info(at->to.token)->uri;
    for (size_t i = 0; i < before->count; i++)
        if (data_owner(before->list[i]) == DATA_ANOTHERS)
            return error_because(err, SSA_IN_USE, SSA_REASON_LABEL_ANOTHERS, token,
                                 "the token holds a data object \"%s\" of another application (%s)", at->label,
                                 before->list[i]);
    if (before->count == 0 || replace)
        return true;
    return error_because(err, SSA_IN_USE, SSA_REASON_LABEL_IN_USE, token,
                         "the token already holds a data object \"%s\"", at->label);
}

// What an import needs beside the token.
struct storing {
    const struct ssa_secret *wanted;
    struct secret_profile profile;
    struct ssa_secret_stored *stored;
    bool already; // the same secret was on the token, and was not stored again
};

// The secret is stored, whether this is done or not.
static void edit_profile(struct storing *s)
{
    const bool edits = s->profile.edits;
    const bool written = secret_profile_write(&s->profile, s->stored->line.text, &s->stored->profile_error);
    profile_abandon(&s->profile.target);
    if (!written || !edits)
        return;
    memcpy(s->stored->profile, s->profile.target.path, sizeof s->stored->profile);
    s->stored->was_literal = s->profile.literal;
}

// The draft of the profile goes while an open entry has its name: so a recovery can remove it if the process is killed
// here.
static bool failed(struct journal *j, struct storing *s, const struct ssa_error *err)
{
    profile_abandon(&s->profile.target);
    return secret_failed(j, err);
}

static bool put(struct journal *j, const struct secret_object *at, struct storing *s, struct span secret,
                const struct data_marks *before, struct ssa_error *err)
{
    struct data_marks mine;
    enum data_end left = DATA_GONE;
    const size_t empty_before = (size_t)j->entry->empty_before;
    if (!secret_mark(j, &mine, err))
        return failed(j, s, err);
    if (data_put(at->to.token, at->object, mine.list[0], secret, before, empty_before, &left, err)) {
        // After this step, recovery finishes the import.
        if (journal_step(j, STEP_IMPORTED, err))
            return true;
        left = data_destroy(at->to.token, at->object, &mine, ERROR_IGNORED);
    }
    return left == DATA_GONE ? failed(j, s, err) : secret_left(at, left, "The secret that was stored");
}

static bool remove_old(const struct secret_object *at, const struct data_marks *before, struct ssa_error *err)
{
    if (before->count == 0)
        return true;
    const enum data_end end = data_destroy(at->to.token, at->object, before, err);
    return end == DATA_GONE || secret_left(at, end, "The new secret is stored and proved, but the old one");
}

static OWN_FRAME bool store(const struct secret_object *at, struct storing *s, struct span secret,
                            struct ssa_error *err)
{
    struct data_marks before;
    size_t empty = 0;
    const bool replace = s->wanted->replace;
    JOURNAL_AUTO j = {.fd = -1};
    if (!secret_begin(&j, OP_SECRET_IMPORT, at, err) || !data_look(at->to.token, at->object, &before, err))
        return false;
    s->already = !replace && data_holds(at->to.token, at->object, secret);
    secret_profile_refers(&s->profile, at->uri);
    if (!s->already && !may_replace(at, replace, &before, err))
        return false;
    if (!secret_profile_reserve(&s->profile, &j, err))
        return false;
    if (s->already) {
        edit_profile(s);
        return true;
    }
    if (!secret_count_empty(at->to.token, &empty, err))
        return false;
    j.entry->empty_before = (long long)empty;
    if (!secret_ask(&j, &before, err))
        return false;
    // As long as an old secret has the label, a profile that refers to it would get that one.
    if (!put(&j, at, s, secret, &before, err) || !remove_old(at, &before, err))
        return false;
    edit_profile(s);
    return secret_done(&j);
}

// The line for the profile is made first: once the secret is stored, nothing can fail any more.
static bool write_line(struct secret_object *at, const char *label, struct ssa_secret_stored *stored,
                       struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    const struct uri_parts parts = {
        .object = span_text(label), .data = true, .pin_source = open_token_pin_source(at->run, &at->to)};
    if (!lasting_uri(at->to.token, at->to.uri, parts, at->uri, err) || !uri_parse(at->uri, &at->object, err))
        return false;
    data_label(at->object, at->label);
    return result_copy(&stored->uri, at->uri, URI_TEXT_MAX, err) && secret_new(&text, LINE_MAX_BYTES, err) &&
           dotenv_append(&text, setting_name(SET_CLIENT_SECRET), at->uri, err) &&
           result_take(&stored->line, &text, err);
}

// The settings may name an object that is gone, or that this very import is to replace: there is no secret then, and
// only a person can give it.
static bool must_be_asked_for(const struct ssa_secret *wanted, const struct ssa_error *err)
{
    if (err->reason == SSA_REASON_DATA_EMPTY || err->reason == SSA_REASON_DATA_SEVERAL)
        return wanted->replace;
    return err->reason == SSA_REASON_DATA_NOT_FOUND ||
           (err->reason == SSA_REASON_DATA_ANOTHERS && wanted->label != NULL);
}

static bool learn(const struct secret_object *at, const struct storing *s, struct client_secret *secret,
                  struct ssa_error *err)
{
    char line[ERROR_LINE_MAX];
    if (client_secret_complete(at->run, secret, at->to.token, NULL, err))
        return true;
    if (at->run->callbacks.ask_secret == NULL || !must_be_asked_for(s->wanted, err))
        return false;
    tell(&at->run->callbacks, SSA_WARNING, "%s", error_line(err, line));
    *err = (struct ssa_error){.code = SSA_OK};
    return client_secret_ask(at->run, secret, err);
}

static bool import(struct secret_object *at, struct storing *s, struct client_secret *secret, struct ssa_error *err)
{
    const struct ssa_run *run = at->run;
    bool removed = false;
    if (!secret_open(at, &removed, err))
        return false;
    // The secret may be on this token, too. Remains of earlier operations beside it were just removed.
    if (!learn(at, s, secret, err) || !callback_go_on(&run->callbacks, err))
        return false;
    if (!store(at, s, secret_span(&secret->text), err))
        return false;
    tell(&run->callbacks, SSA_NOTICE, "the client secret of %s is on token \"%s\"%s, as \"%s\"",
         settings_get(run->settings, SET_CLIENT_ID, NULL), token_info(at->to.token)->label,
         s->already ? " already" : "", at->label);
    return true;
}

// Finds the token, and learns the secret.
static bool prepare(struct secret_object *at, struct storing *s, struct client_secret *secret, struct ssa_error *err)
{
    char chosen[DATA_LABEL_MAX];
    const char *client_id = NULL;
    const struct ssa_run *run = at->run;
    if (!client_id_read(run, &client_id, err) || !choose_label(s->wanted->label, client_id, chosen, err))
        return false;
    if (!open_token_of_settings(run, &at->to, err) || !data_check_able(at->to.token, err))
        return false;
    if (!s->wanted->keep_profile && !secret_profile_choose(&s->profile, run, err))
        return false;
    return client_secret_begin(run, secret, err) && write_line(at, chosen, s->stored, err);
}

void ssa_secret_stored_free(struct ssa_secret_stored *stored)
{
    ssa_text_free(&stored->uri);
    ssa_text_free(&stored->line);
}

bool ssa_secret_import(const struct ssa_run *run, const struct ssa_secret *wanted, struct ssa_secret_stored *stored,
                       struct ssa_ending *ending, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    SECRET_OBJECT_AUTO at = {.run = run, .ending = ending};
    CLIENT_SECRET_AUTO secret = {0};
    struct storing s = {.wanted = wanted, .stored = stored, .profile = {.target = {.fd = -1}, .before = {.fd = -1}}};
    *stored = (struct ssa_secret_stored){0};
    const bool done = prepare(&at, &s, &secret, err) && import(&at, &s, &secret, err);
    secret_profile_end(&s.profile);
    if (!done)
        ssa_secret_stored_free(stored);
    return done;
}
