#include "secret/secret_operation.h"

#include "core/callback.h"
#include "core/text.h"
#include "secret/secret_marks.h"
#include "secret/secret_recover.h"

void secret_object_end(struct secret_object *at)
{
    open_token_close(&at->to);
    uri_free(&at->object);
}

bool secret_open(struct secret_object *at, bool *removed, struct ssa_error *err)
{
    if (!open_token_login(&at->to, true, err))
        return false;
    if (secret_recover_earlier(at->run, at->to.token, at->object, removed, err))
        return callback_go_on(&at->run->callbacks, err);
    if (err->code == SSA_TOKEN)
        ending_add(at->ending, SSA_END_LEFT, SSA_REASON_OPERATION_OPEN, NULL, NULL,
                   "An earlier operation on this client secret is neither finished nor undone.");
    return false;
}

bool secret_begin(struct journal *j, enum operation operation, const struct secret_object *at, struct ssa_error *err)
{
    if (!journal_begin(j, at->run, operation, err))
        return false;
    struct entry *e = j->entry;
    if (!text_format(e->label, sizeof e->label, "%s", at->label) ||
        !text_format(e->token, sizeof e->token, "%s", token_info(at->to.token)->uri) ||
        !text_format(e->key_uri, sizeof e->key_uri, "%s", at->uri))
        return error_set(err, SSA_CONFIG, NULL, at->uri, "is too long for the journal");
    return journal_claim(j, err);
}

bool secret_ask(struct journal *j, const struct data_marks *before, struct ssa_error *err)
{
    return secret_note_before(j->entry, before, err) && journal_step(j, STEP_ASKED, err);
}

bool secret_done(struct journal *j)
{
    entry_note(j->entry, j->entry->label);
    journal_close(j, OUTCOME_DONE);
    return true;
}

bool secret_failed(struct journal *j, const struct ssa_error *err)
{
    entry_note(j->entry, err->what);
    journal_close(j, OUTCOME_FAILED);
    return false;
}

bool secret_left(const struct secret_object *at, enum data_end end, const char *what)
{
    return ending_add(at->ending, SSA_END_LEFT, SSA_REASON_OPERATION_OPEN, NULL, NULL, "%s %s there.", what,
                      end == DATA_THERE ? "is still" : "may still be");
}
