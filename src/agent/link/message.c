#include "agent/link/message.h"

#include <limits.h>

#include "agent/link/texts.h"

void link_answer_free(struct link_answer *answer)
{
    secret_free(&answer->text);
}

void link_put_request(struct writer *w, const struct link_request *request)
{
    put_number(w, request->number);
    put_number(w, request->call);
    put_text(w, request->scope);
    put_number(w, request->lifetime);
    put_number(w, request->not_before);
}

bool link_get_request(struct reader *r, struct link_request *request)
{
    request->number = get_number(r, UINT64_MAX);
    request->call = (enum link_call)get_number(r, LINK_CALLS - 1);
    get_text(r, request->scope, sizeof request->scope);
    request->lifetime = (unsigned)get_number(r, UINT_MAX);
    request->not_before = get_number(r, 1) != 0;
    return reader_is_done(r);
}

static void put_status(struct writer *w, const struct link_status *status)
{
    put_number(w, status->state);
    put_number(w, status->by_person);
    put_text(w, status->label);
    put_text(w, status->serial);
    put_text(w, status->client_id);
    put_text(w, status->account);
    put_text(w, status->key_id);
    put_number(w, status->logins);
    put_number(w, status->signatures);
}

static void get_status(struct reader *r, struct link_status *status)
{
    status->known = true;
    status->state = (enum signer_state)get_number(r, SIGNER_STATES - 1);
    status->by_person = get_number(r, 1) != 0;
    get_text(r, status->label, sizeof status->label);
    get_text(r, status->serial, sizeof status->serial);
    get_text(r, status->client_id, sizeof status->client_id);
    get_text(r, status->account, sizeof status->account);
    get_text(r, status->key_id, sizeof status->key_id);
    status->logins = get_number(r, ULLONG_MAX);
    status->signatures = get_number(r, ULLONG_MAX);
}

void link_put_answer(struct writer *w, const struct link_answer *answer)
{
    put_number(w, answer->number);
    put_number(w, answer->stage);
    if (answer->stage != LINK_ANSWERED)
        return;
    put_number(w, answer->done);
    if (!answer->done)
        put_error(w, &answer->err);
    put_status(w, &answer->status);
    put_bytes(w, secret_span(&answer->text));
}

static bool no_sense(struct ssa_error *err)
{
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the signer's answer makes no sense");
}

static bool take_text(struct span text, struct secret *out, struct ssa_error *err)
{
    if (text.len == 0)
        return true;
    if (!secret_new(out, text.len, err))
        return false;
    return secret_append(out, text) || no_sense(err);
}

bool link_get_answer(struct reader *r, struct link_answer *answer, struct ssa_error *err)
{
    *answer = (struct link_answer){.number = get_number(r, UINT64_MAX)};
    answer->stage = (enum link_stage)get_number(r, LINK_STAGES - 1);
    if (answer->stage != LINK_ANSWERED)
        return reader_is_done(r) || no_sense(err);
    answer->done = get_number(r, 1) != 0;
    if (!answer->done)
        get_error(r, &answer->err);
    get_status(r, &answer->status);
    const struct span text = get_bytes(r, LINK_TEXT_MAX);
    if (!reader_is_done(r) || (!answer->done && text.len > 0))
        return no_sense(err);
    return take_text(text, &answer->text, err);
}
