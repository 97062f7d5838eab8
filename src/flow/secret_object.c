// The client secret's way onto a token and off it again.
#include "core/tell.h"
#include "core/text.h"
#include "flow/api.h"
#include "flow/dotenv.h"
#include "flow/journal.h"
#include "flow/open.h"
#include "flow/reference.h"
#include "flow/result.h"
#include "hsm/data.h"

enum { LINE_MAX_BYTES = URI_TEXT_MAX + 64 };

static void storing_end(struct target *to)
{
    token_close(&to->token);
    uri_free(&to->uri);
}
#define STORING_AUTO __attribute__((cleanup(storing_end))) struct target

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

// Written before the token is touched: what leaves no trace is not done.
static bool audit(struct journal *j, const struct ssa_run *run, enum operation operation,
                  const struct target *to, const char *label, struct ssa_error *err)
{
    return journal_begin(j, run, operation, err) &&
           text_format(j->entry.label, sizeof j->entry.label, "%s", label) &&
           text_format(j->entry.token, sizeof j->entry.token, "%s", token_info(to->token)->uri) &&
           journal_step(j, STEP_ASKED, err);
}

static bool audited(struct journal *j, bool done, bool unsure, const struct ssa_error *err)
{
    (void)text_format(j->entry.note, sizeof j->entry.note, "%.300s", done ? j->entry.label : err->what);
    journal_close(j, done ? OUTCOME_DONE : unsure ? OUTCOME_UNKNOWN : OUTCOME_FAILED);
    return done;
}

static bool store(const struct ssa_run *run, const struct target *to, const char *label, bool replace,
                  const struct client_secret *secret, struct ssa_error *err)
{
    bool left = false;
    struct ssa_error why = {0};
    JOURNAL_AUTO j = {.fd = -1};
    if (!audit(&j, run, OP_SECRET_IMPORT, to, label, err))
        return false;
    const bool stored = data_store(to->token, label, secret_span(&secret->text), replace, &left, &why);
    if (left)
        error_hint(&why, "What was stored may still be there: `ssa-hsm secret import --force` replaces it.");
    if (audited(&j, stored, left, &why))
        return true;
    *err = why;
    return false;
}

static bool write_line(const struct target *to, const char *label, struct ssa_text *line,
                       struct ssa_error *err)
{
    char uri[URI_TEXT_MAX];
    SECRET_AUTO text = {0};
    const struct uri_parts parts = {.object = span_text(label), .data = true};
    return lasting_uri(to->token, to->uri, parts, uri, err) && secret_new(&text, LINE_MAX_BYTES, err) &&
           dotenv_append(&text, setting_name(SET_CLIENT_SECRET), uri, err) && text_take(line, &text, err);
}

bool ssa_secret_import(const struct ssa_run *run, const char *label, bool replace, struct ssa_text *line,
                       struct ssa_error *err)
{
    struct ssa_error unheard = {0};
    char chosen[DATA_LABEL_MAX];
    const char *client_id = NULL;
    STORING_AUTO to = {0};
    CLIENT_SECRET_AUTO secret = {0};
    err = err == NULL ? &unheard : err;
    *line = (struct ssa_text){0};
    // The line is made before anything is stored: nothing that can fail comes after.
    if (!read_client_id(run, &client_id, err) || !choose_label(label, client_id, chosen, err) ||
        !find_data_token(run, &to, err) || !client_secret_begin(run, &secret, err) ||
        !write_line(&to, chosen, line, err))
        return false;
    const struct pin_giver user = pin_giver_of(&to.pin);
    if (token_login(to.token, true, &user, err) &&
        client_secret_complete(run, &secret, to.token, NULL, err) && go_on(&run->callbacks, err) &&
        store(run, &to, chosen, replace, &secret, err)) {
        tell(&run->callbacks, SSA_NOTICE, "the client secret of %s is on token \"%s\", as \"%s\"", client_id,
             token_info(to.token)->label, chosen);
        return true;
    }
    ssa_text_free(line);
    return false;
}

static bool confirmed(const struct ssa_run *run, const struct target *to, const char *label,
                      struct ssa_error *err)
{
    char question[SSA_ERROR_TEXT_MAX];
    const struct ssa_callbacks *callbacks = &run->callbacks;
    (void)text_format(question, sizeof question, "Destroy the client secret \"%s\" on token \"%s\"?", label,
                      token_info(to->token)->label);
    if (callbacks->confirm != NULL && callbacks->confirm(callbacks->context, question))
        return true;
    error_set(err, SSA_CONFIG, NULL, token_info(to->token)->uri,
              "the client secret is left: its destruction was not confirmed");
    return error_hint(err, "--yes confirms it, for use without a terminal.");
}

// Before it is asked for anything: the one that APS_SECRET_ID names.
static bool find_named(const struct ssa_run *run, struct target *to, struct ssa_error *err)
{
    if (!client_secret_is_on_token(run->settings)) {
        error_set(err, SSA_CONFIG, NULL, "APS_SECRET_ID", "names no data object on a token");
        return error_hint(err, "It must be the line that `ssa-hsm secret import` printed.");
    }
    return uri_parse(settings_get(run->settings, SET_CLIENT_SECRET, NULL), &to->uri, err) &&
           data_check_uri(to->uri, "APS_SECRET_ID", err) &&
           open_secret_token(run, to->uri, BESIDE_NONE, to, err);
}

bool ssa_secret_remove(const struct ssa_run *run, bool yes, struct ssa_error *err)
{
    char label[DATA_LABEL_MAX];
    struct ssa_error why = {0};
    STORING_AUTO to = {0};
    JOURNAL_AUTO j = {.fd = -1};
    if (!find_named(run, &to, err))
        return false;
    data_label(to.uri, label);
    const struct pin_giver user = pin_giver_of(&to.pin);
    if ((!yes && !confirmed(run, &to, label, err)) || !token_login(to.token, true, &user, err) ||
        !go_on(&run->callbacks, err) || !audit(&j, run, OP_SECRET_REMOVE, &to, label, err))
        return false;
    const bool done = data_destroy(to.token, to.uri, &why);
    if (!audited(&j, done, !done && why.code == SSA_TOKEN, &why)) {
        if (err != NULL)
            *err = why;
        return false;
    }
    tell(&run->callbacks, SSA_NOTICE, "the client secret \"%s\" is gone from token \"%s\"", label,
         token_info(to.token)->label);
    return true;
}
