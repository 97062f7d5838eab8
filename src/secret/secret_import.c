// secret import: stores the client secret on a PKCS#11 token.
#include "config/dotenv.h"
#include "core/callback.h"
#include "core/text.h"
#include "hsm/data/data.h"
#include "secret/secret_marks.h"
#include "secret/secret_operation.h"
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

static bool put(struct journal *j, const struct secret_object *at, struct span secret, const struct data_marks *before,
                struct ssa_error *err)
{
    struct data_marks mine;
    enum data_end left = DATA_GONE;
    const size_t empty_before = (size_t)j->entry->empty_before;
    if (!secret_mark(j, &mine, err))
        return secret_failed(j, err);
    if (data_put(at->to.token, at->object, mine.list[0], secret, before, empty_before, &left, err)) {
        // After this step, recovery finishes the import.
        if (journal_step(j, STEP_IMPORTED, err))
            return true;
        left = data_destroy(at->to.token, at->object, &mine, ERROR_IGNORED);
    }
    return left == DATA_GONE ? secret_failed(j, err) : secret_left(at, left, "The secret that was stored");
}

static bool remove_old(struct journal *j, const struct secret_object *at, const struct data_marks *before,
                       struct ssa_error *err)
{
    if (before->count == 0)
        return secret_done(j);
    const enum data_end end = data_destroy(at->to.token, at->object, before, err);
    return end == DATA_GONE ? secret_done(j)
                            : secret_left(at, end, "The new secret is stored and proved, but the old one");
}

// *already: the same secret was there, and nothing was done.
static OWN_FRAME bool store(const struct secret_object *at, bool replace, struct span secret, bool *already,
                            struct ssa_error *err)
{
    struct data_marks before;
    size_t empty = 0;
    JOURNAL_AUTO j = {.fd = -1};
    if (!secret_begin(&j, OP_SECRET_IMPORT, at, err) || !data_look(at->to.token, at->object, &before, err))
        return false;
    *already = !replace && data_holds(at->to.token, at->object, secret);
    if (*already)
        return true;
    if (!may_replace(at, replace, &before, err))
        return false;
    if (!secret_count_empty(at->to.token, &empty, err))
        return false;
    j.entry->empty_before = (long long)empty;
    if (!secret_ask(&j, &before, err))
        return false;
    return put(&j, at, secret, &before, err) && remove_old(&j, at, &before, err);
}

// The line for the profile is made first: once the secret is stored, nothing can fail any more.
static bool write_line(struct secret_object *at, const char *label, struct ssa_text *line, struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    const struct uri_parts parts = {
        .object = span_text(label), .data = true, .pin_source = open_token_pin_source(at->run, &at->to)};
    if (!lasting_uri(at->to.token, at->to.uri, parts, at->uri, err) || !uri_parse(at->uri, &at->object, err))
        return false;
    data_label(at->object, at->label);
    return secret_new(&text, LINE_MAX_BYTES, err) &&
           dotenv_append(&text, setting_name(SET_CLIENT_SECRET), at->uri, err) && result_take(line, &text, err);
}

static bool import(struct secret_object *at, bool replace, struct client_secret *secret, struct ssa_error *err)
{
    const struct ssa_run *run = at->run;
    bool removed = false, already = false;
    if (!secret_open(at, &removed, err))
        return false;
    // The secret may be on this token, too. Remains of earlier operations beside it were just removed.
    if (!client_secret_complete(run, secret, at->to.token, NULL, err) || !callback_go_on(&run->callbacks, err))
        return false;
    if (!store(at, replace, secret_span(&secret->text), &already, err))
        return false;
    tell(&run->callbacks, SSA_NOTICE, "the client secret of %s is on token \"%s\"%s, as \"%s\"",
         settings_get(run->settings, SET_CLIENT_ID, NULL), token_info(at->to.token)->label, already ? " already" : "",
         at->label);
    return true;
}

bool ssa_secret_import(const struct ssa_run *run, const char *label, bool replace, struct ssa_text *line,
                       struct ssa_ending *ending, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    char chosen[DATA_LABEL_MAX];
    const char *client_id = NULL;
    SECRET_OBJECT_AUTO at = {.run = run, .ending = ending};
    CLIENT_SECRET_AUTO secret = {0};
    *line = (struct ssa_text){0};
    if (!client_id_read(run, &client_id, err) || !choose_label(label, client_id, chosen, err))
        return false;
    if (!open_token_of_settings(run, &at.to, err) || !data_check_able(at.to.token, err))
        return false;
    if (!client_secret_begin(run, &secret, err))
        return false;
    if (!write_line(&at, chosen, line, err))
        return false;
    if (import(&at, replace, &secret, err))
        return true;
    ssa_text_free(line);
    return false;
}
