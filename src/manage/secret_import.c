// The client secret's way onto a token and off it again.
#include "config/dotenv.h"
#include "config/reference.h"
#include "core/result.h"
#include "core/tell.h"
#include "core/text.h"
#include "manage/recover_secret.h"
#include "signer/api_client.h"

enum { LINE_MAX_BYTES = URI_TEXT_MAX + 64 };

// The token, and the data object on it.
struct place {
    struct target to;
    struct uri *object;
    char uri[URI_TEXT_MAX], label[DATA_LABEL_MAX];
    struct ssa_ending *ending;
};

static void place_end(struct place *at)
{
    token_close(&at->to.token);
    uri_free(&at->to.uri);
    uri_free(&at->object);
}
#define PLACE_AUTO __attribute__((cleanup(place_end))) struct place

static bool choose_label(const char *given, const char *client_id, char label[static DATA_LABEL_MAX],
                         struct ssa_error *err)
{
    if (given == NULL)
        return text_format(label, DATA_LABEL_MAX, "APS client secret %s", client_id) ||
               error_set(err, SSA_CONFIG, NULL, "APS_CLIENT_ID", "is too long for a label");
    return (given[0] != '\0' && text_is_utf8(span_text(given)) &&
            text_format(label, DATA_LABEL_MAX, "%s", given)) ||
           error_set(err, SSA_USAGE, NULL, NULL, "a label has 1 to %u bytes of UTF-8", DATA_LABEL_MAX - 1);
}

// Under the claim it is looked what is there: nobody else on this host is at it.
static bool begin(struct journal *j, const struct ssa_run *run, enum operation operation,
                  const struct place *at, struct ssa_error *err)
{
    return journal_begin(j, run, operation, err) &&
           text_format(j->entry.label, sizeof j->entry.label, "%s", at->label) &&
           text_format(j->entry.token, sizeof j->entry.token, "%s", token_info(at->to.token)->uri) &&
           text_format(j->entry.key_uri, sizeof j->entry.key_uri, "%s", at->uri) && journal_claim(j, err);
}

// Written before the token is touched: what leaves no trace is not done.
static bool ask(struct journal *j, const struct data_marks *before, struct ssa_error *err)
{
    secret_note_before(&j->entry, before);
    return journal_step(j, STEP_ASKED, err);
}

static bool note_empty(struct journal *j, const struct place *at, struct ssa_error *err)
{
    size_t empty = 0;
    const bool counted = secret_count_empty(at->to.token, &empty, err);
    j->entry.empty_before = (long long)empty;
    return counted;
}

static bool done(struct journal *j)
{
    (void)text_format(j->entry.note, sizeof j->entry.note, "%.300s", j->entry.label);
    journal_close(j, OUTCOME_DONE);
    return true;
}

// Nothing has changed.
static bool failed(struct journal *j, const struct ssa_error *why, struct ssa_error *err)
{
    (void)text_format(j->entry.note, sizeof j->entry.note, "%.300s", why->what);
    journal_close(j, OUTCOME_FAILED);
    if (err != NULL)
        *err = *why;
    return false;
}

// The entry stays open, for recovery.
static bool unsettled(const struct place *at, const struct ssa_error *why, enum data_end end,
                      const char *what, struct ssa_error *err)
{
    *err = *why;
    return ending_add(at->ending, SSA_END_LEFT, SSA_REASON_OPERATION_OPEN, NULL, NULL, "%s %s there.", what,
                      end == DATA_THERE ? "is still" : "may still be");
}

static bool may_replace(const struct place *at, bool replace, const struct data_marks *before,
                        struct ssa_error *err)
{
    const char *token = token_info(at->to.token)->uri;
    for (size_t i = 0; i < before->count; i++)
        if (data_owner(before->list[i]) == DATA_ANOTHERS) {
            error_set(err, SSA_CONFIG, NULL, token,
                      "the token holds a data object \"%s\" of another application (%s)", at->label,
                      before->list[i]);
            return error_hint(err, "It is not touched. --label NAME stores the secret beside it.");
        }
    if (before->count == 0 || replace)
        return true;
    error_set(err, SSA_CONFIG, NULL, token, "the token already holds a data object \"%s\"", at->label);
    return error_hint(err, "--force replaces it; --label NAME stores another beside it.");
}

static bool put(struct journal *j, const struct place *at, struct span secret,
                const struct data_marks *before, struct ssa_error *err)
{
    struct ssa_error why = {0};
    struct data_marks mine;
    enum data_end left = DATA_GONE;
    if (secret_mark(j, &mine, &why) && data_put(at->to.token, at->object, mine.list[0], secret, before,
                                                (size_t)j->entry.empty_before, &left, &why)) {
        // From here on recovery finishes it.
        if (journal_step(j, STEP_IMPORTED, &why))
            return true;
        left = data_destroy(at->to.token, at->object, &mine, NULL);
    }
    return left == DATA_GONE ? failed(j, &why, err) : unsettled(at, &why, left, "What was stored", err);
}

static bool retire_old(struct journal *j, const struct place *at, const struct data_marks *before,
                       struct ssa_error *err)
{
    struct ssa_error why = {0};
    const enum data_end end =
        before->count == 0 ? DATA_GONE : data_destroy(at->to.token, at->object, before, &why);
    return end == DATA_GONE
               ? done(j)
               : unsettled(at, &why, end, "The new secret is stored and proved, but the old one", err);
}

// *already: it was there, and nothing was done.
static bool store(const struct ssa_run *run, const struct place *at, bool replace, struct span secret,
                  bool *already, struct ssa_error *err)
{
    struct data_marks before;
    JOURNAL_AUTO j = {.fd = -1};
    if (!begin(&j, run, OP_SECRET_IMPORT, at, err) || !data_look(at->to.token, at->object, &before, err))
        return false;
    *already = !replace && data_holds(at->to.token, at->object, secret);
    return *already ||
           (may_replace(at, replace, &before, err) && note_empty(&j, at, err) && ask(&j, &before, err) &&
            put(&j, at, secret, &before, err) && retire_old(&j, at, &before, err));
}

// The line is made before anything is stored: nothing that can fail comes after.
static bool write_line(const struct ssa_run *run, struct place *at, const char *label, struct ssa_text *line,
                       struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    const struct uri_parts parts = {
        .object = span_text(label), .data = true, .pin_source = open_own_pin_source(run, &at->to)};
    if (!lasting_uri(at->to.token, at->to.uri, parts, at->uri, err) || !uri_parse(at->uri, &at->object, err))
        return false;
    data_label(at->object, at->label);
    return secret_new(&text, LINE_MAX_BYTES, err) &&
           dotenv_append(&text, setting_name(SET_CLIENT_SECRET), at->uri, err) && text_take(line, &text, err);
}

// What an earlier one has left goes first: the secret may be what lies there.
static bool import_to(const struct ssa_run *run, struct place *at, bool replace, struct client_secret *secret,
                      struct ssa_error *err)
{
    bool removed = false, already = false;
    const struct pin_giver user = pin_giver_of(&at->to.pin);
    if (!token_login(at->to.token, true, &user, err) ||
        !secret_settle_left(run, at->to.token, at->object, &removed, at->ending, err) ||
        !client_secret_complete(run, secret, at->to.token, NULL, err) || !go_on(&run->callbacks, err) ||
        !store(run, at, replace, secret_span(&secret->text), &already, err))
        return false;
    tell(&run->callbacks, SSA_NOTICE, "the client secret of %s is on token \"%s\"%s, as \"%s\"",
         settings_get(run->settings, SET_CLIENT_ID, NULL), token_info(at->to.token)->label,
         already ? " already" : "", at->label);
    return true;
}

bool ssa_secret_import(const struct ssa_run *run, const char *label, bool replace, struct ssa_text *line,
                       struct ssa_ending *ending, struct ssa_error *err)
{
    char chosen[DATA_LABEL_MAX];
    const char *client_id = NULL;
    PLACE_AUTO at = {.ending = ending != NULL ? ending : ENDING_IGNORED};
    CLIENT_SECRET_AUTO secret = {0};
    err = err != NULL ? err : ERROR_IGNORED;
    *line = (struct ssa_text){0};
    if (!read_client_id(run, &client_id, err) || !choose_label(label, client_id, chosen, err) ||
        !find_data_token(run, &at.to, err) || !client_secret_begin(run, &secret, err) ||
        !write_line(run, &at, chosen, line, err))
        return false;
    if (import_to(run, &at, replace, &secret, err))
        return true;
    ssa_text_free(line);
    return false;
}

static bool confirmed(const struct ssa_run *run, const struct place *at, struct ssa_error *err)
{
    char question[SSA_ERROR_TEXT_MAX];
    (void)text_format(question, sizeof question, "Destroy the client secret \"%s\" on token \"%s\"?",
                      at->label, token_info(at->to.token)->label);
    if (confirms(&run->callbacks, question))
        return true;
    error_set(err, SSA_CONFIG, NULL, token_info(at->to.token)->uri,
              "the client secret is left: its destruction was not confirmed");
    return error_hint(err, "--yes confirms it, for use without a terminal.");
}

// Before it is asked for anything: the one that APS_SECRET_ID names.
static bool find_named(const struct ssa_run *run, struct place *at, struct ssa_error *err)
{
    if (!client_secret_is_on_token(run->settings)) {
        error_set(err, SSA_CONFIG, NULL, "APS_SECRET_ID", "names no data object on a token");
        return error_hint(err, "It must be the line that `ssa-hsm secret import` printed.");
    }
    const char *named = settings_get(run->settings, SET_CLIENT_SECRET, NULL);
    if (!uri_parse(named, &at->object, err) || !data_check_uri(at->object, "APS_SECRET_ID", err))
        return false;
    data_label(at->object, at->label);
    return (text_format(at->uri, sizeof at->uri, "%s", named) ||
            error_set(err, SSA_CONFIG, NULL, "APS_SECRET_ID", "is too long")) &&
           open_secret_token(run, at->object, BESIDE_NONE, &at->to, err);
}

static bool destroy(const struct ssa_run *run, const struct place *at, struct ssa_error *err)
{
    struct ssa_error why = {0};
    struct data_marks it = {.count = 1};
    JOURNAL_AUTO j = {.fd = -1};
    if (!begin(&j, run, OP_SECRET_REMOVE, at, err) ||
        !data_look_at_one(at->to.token, at->object, it.list[0], err))
        return false;
    if (data_owner(it.list[0]) == DATA_ANOTHERS) {
        error_set(err, SSA_CONFIG, NULL, token_info(at->to.token)->uri,
                  "the data object \"%s\" is of another application (%s)", at->label, it.list[0]);
        return error_hint(err, "It is not touched: that application, or `pkcs11-tool`, removes it.");
    }
    if (!ask(&j, &it, err))
        return false;
    const enum data_end end = data_destroy(at->to.token, at->object, &it, &why);
    if (end == DATA_GONE)
        return done(&j);
    return end == DATA_THERE || end == DATA_MIXED ? failed(&j, &why, err)
                                                  : unsettled(at, &why, end, "The client secret", err);
}

static bool holds_none(const struct place *at)
{
    struct data_marks there;
    return data_look(at->to.token, at->object, &there, NULL) && there.count == 0;
}

bool ssa_secret_remove(const struct ssa_run *run, bool yes, struct ssa_ending *ending, struct ssa_error *err)
{
    bool removed = false;
    const char *client_id = NULL;
    PLACE_AUTO at = {.ending = ending != NULL ? ending : ENDING_IGNORED};
    err = err != NULL ? err : ERROR_IGNORED;
    // Recovery looks for entries by the client id.
    if (!read_client_id(run, &client_id, err) || !find_named(run, &at, err))
        return false;
    const struct pin_giver user = pin_giver_of(&at.to.pin);
    if ((!yes && !confirmed(run, &at, err)) || !token_login(at.to.token, true, &user, err) ||
        !secret_settle_left(run, at.to.token, at.object, &removed, at.ending, err) ||
        !go_on(&run->callbacks, err))
        return false;
    // One that was carried out, and did not live to say so, has said so now.
    if (!(removed && holds_none(&at)) && !destroy(run, &at, err))
        return false;
    tell(&run->callbacks, SSA_NOTICE, "the client secret \"%s\" is gone from token \"%s\"", at.label,
         token_info(at.to.token)->label);
    return true;
}
