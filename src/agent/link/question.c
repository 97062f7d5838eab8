#include "agent/link/question.h"

#include "agent/link/texts.h"

void put_question(struct writer *w, const struct question *q)
{
    put_number(w, q->number);
    put_number(w, q->kind);
    put_text(w, q->text);
    put_number(w, q->level);
    put_number(w, q->reason);
    put_text(w, q->detail);
    if (q->kind == QUESTION_FAILED)
        put_error(w, &q->err);
}

bool get_question(struct reader *r, struct question *q)
{
    q->number = get_number(r, UINT64_MAX);
    q->kind = (enum question_kind)get_number(r, QUESTION_KINDS - 1);
    get_text(r, q->text, sizeof q->text);
    q->level = (enum ssa_level)get_number(r, SSA_PROGRESS);
    q->reason = (enum ssa_reason)get_number(r, SSA_REASON_COUNT - 1);
    get_text(r, q->detail, sizeof q->detail);
    if (q->kind == QUESTION_FAILED)
        get_error(r, &q->err);
    return reader_is_done(r);
}

void put_reply(struct writer *w, const struct reply *reply)
{
    put_number(w, reply->number);
    put_number(w, reply->given);
    put_bytes(w, reply->text);
}

bool get_reply(struct reader *r, struct reply *reply)
{
    *reply = (struct reply){.number = get_number(r, UINT64_MAX)};
    reply->given = get_number(r, 1) != 0;
    reply->text = get_bytes(r, REPLY_TEXT_MAX);
    return reader_is_done(r) && (reply->given || reply->text.len == 0);
}
