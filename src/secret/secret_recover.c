// An import is undone until the secret was proved, and finished from then on. Of a removal it is seen whether
// it was carried out. Nothing is touched but what the journal names by its mark.
#include "secret/secret_recover.h"

#include "core/callback.h"
#include "core/text.h"
#include "hsm/data/data.h"
#include "hsm/data/data_store.h"
#include "hsm/data/data_uri.h"
#include "secret/secret_marks.h"
#include "signer/secret_token.h"

// An operation that is recovered.
struct interrupted {
    const struct ssa_run *run;
    struct journal *j;
    struct token *token;
    const struct uri *uri; // of the data object
};

// Tells what came of it, notes that in the entry, and closes it. Returns true.
static bool end(const struct interrupted *i, enum outcome outcome, enum ssa_reason reason, const char *line)
{
    struct entry *e = i->j->entry;
    tell_reason(&i->run->callbacks, SSA_NOTICE, reason, NULL, "`%s` of %s: %s", entry_operation_name(e->operation),
                entry_subject(e), line);
    text_harmless(e->note, sizeof e->note, span_text(line));
    journal_close(i->j, outcome);
    return true;
}

// Whether the last look saw what the two before it saw.
static bool is_as_seen(const struct data_taken *taken, const struct data_marks *there, size_t empty, const char *mark)
{
    return taken->whole == data_marked(there, mark) && (taken->whole || taken->empty + (taken->half ? 1 : 0) == empty);
}

static bool undo_import(const struct interrupted *i, struct ssa_error *err)
{
    struct data_marks mine, there;
    struct data_taken taken;
    size_t empty = 0;
    const size_t empty_before = (size_t)i->j->entry->empty_before;
    if (!secret_mark(i->j, &mine, err) || !secret_look(i->token, i->uri, &there, err))
        return false;
    if (!secret_count_empty(i->token, &empty, err))
        return false;
    if (data_take_back(i->token, i->uri, mine.list[0], empty_before, &taken, err) != DATA_GONE)
        return false;
    if (!is_as_seen(&taken, &there, empty, mine.list[0]))
        return secret_looks_differ(i->token, err);
    if (taken.whole || taken.half)
        return end(i, OUTCOME_UNDONE, SSA_REASON_NONE,
                   "what it had stored is destroyed again, and the token is as it was");
    if (taken.empty == 0)
        return end(i, OUTCOME_UNDONE, SSA_REASON_NONE, "it had stored nothing, and the token is as it was");
    // Another import may have made it, and counted it; that one's recovery may have taken this one's.
    return end(i, OUTCOME_UNDONE, SSA_REASON_EMPTY_OBJECT,
               "nothing that it had stored is found; a data object with nothing in it may be left of it, or be "
               "another's");
}

static bool finish_import(const struct interrupted *i, struct ssa_error *err)
{
    struct data_marks mine, there, before;
    secret_read_before(i->j->entry, &before);
    if (!secret_mark(i->j, &mine, err) || !secret_look(i->token, i->uri, &there, err))
        return false;
    if (!data_marked(&there, mine.list[0]))
        return there.count == 0
                   ? end(i, OUTCOME_UNKNOWN, SSA_REASON_SECRET_GONE, "what it stored is not there any more")
                   : end(i, OUTCOME_UNKNOWN, SSA_REASON_NONE,
                         "what it stored is not there any more; another data object of its label is there, "
                         "and "
                         "is left");
    const enum data_end old = data_destroy(i->token, i->uri, &before, err);
    if (old != DATA_GONE && old != DATA_MIXED)
        return false;
    tell(&i->run->callbacks, SSA_NOTICE, "the line for the profile: %s=\"%s\"", setting_name(SET_CLIENT_SECRET),
         i->j->entry->key_uri);
    if (old == DATA_GONE)
        return end(i, OUTCOME_DONE, SSA_REASON_NONE, "the client secret is on the token, the only one of its label");
    return end(i, OUTCOME_DONE, SSA_REASON_SECRETS_OF_ONE_LABEL,
               "the client secret is on the token; others of its label are left, since they may be newer");
}

static bool check_removal(const struct interrupted *i, struct ssa_error *err)
{
    struct data_marks before, there;
    secret_read_before(i->j->entry, &before);
    if (!secret_look(i->token, i->uri, &there, err))
        return false;
    if (before.count == 1 && data_marked(&there, before.list[0]))
        return end(i, OUTCOME_FAILED, SSA_REASON_SECRET_NOT_REMOVED, "the client secret is still there");
    return end(i, OUTCOME_DONE, SSA_REASON_NONE, "the client secret is gone from the token");
}

static bool recover(const struct interrupted *i, struct ssa_error *err)
{
    if (i->j->entry->operation == OP_SECRET_REMOVE)
        return check_removal(i, err);
    return i->j->entry->step >= STEP_IMPORTED ? finish_import(i, err) : undo_import(i, err);
}

static bool open_own(const struct ssa_run *run, const struct uri *uri, struct open_token *own, struct ssa_error *err)
{
    // Recovery logs in to other PKCS#11 tokens, too.
    if (!open_token_of_secret(run, uri, OTHER_TOKEN_PERHAPS, own, err)) {
        // Where the token was found, its PIN was not to be guessed.
        return own->token != NULL && error_reason(err, SSA_REASON_SECRET_TOKEN_PIN, NULL);
    }
    return open_token_login(own, true, err);
}

bool secret_recover(const struct ssa_run *run, struct journal *j, const struct open_token *opened,
                    struct ssa_error *err)
{
    struct open_token own = {0};
    URI_AUTO *uri = NULL;
    if (!uri_parse(j->entry->key_uri, &uri, err) || !data_check_uri(uri, "the journal's keyUri", err))
        return false;
    const bool is_open = opened != NULL && opened->token != NULL && token_matches(opened->token, uri);
    struct interrupted it = {.run = run, .j = j, .uri = uri};
    bool recovered = is_open || open_own(run, uri, &own, err);
    if (recovered) {
        it.token = is_open ? opened->token : own.token;
        recovered = recover(&it, err);
    }
    token_close(&own.token);
    return recovered;
}

// What is to be recovered before another operation on the same data object.
struct earlier {
    const struct ssa_run *run;
    struct token *token;
    const struct uri *uri;
    char label[DATA_LABEL_MAX];
    bool removed;
};

// URIs are not compared as text: a token's URI says more where another token looks the same.
static bool is_on(const struct token *token, const char *text)
{
    URI_AUTO *uri = NULL;
    return text[0] != '\0' && uri_parse(text, &uri, ERROR_IGNORED) && token_matches(token, uri);
}

static bool is_about(const struct earlier *earlier, const struct entry *e)
{
    return entry_is_about_secret(e) && journal_entry_is_ours(e, earlier->run->settings) &&
           strcmp(e->label, earlier->label) == 0 && is_on(earlier->token, e->token);
}

static bool visit(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    struct earlier *earlier = context;
    const struct interrupted it = {.run = earlier->run, .j = j, .token = earlier->token, .uri = earlier->uri};
    if (standing != INTERRUPTED || !is_about(earlier, j->entry))
        return true;
    if (!recover(&it, err))
        return false;
    earlier->removed |= j->entry->operation == OP_SECRET_REMOVE && j->entry->outcome == OUTCOME_DONE;
    return true;
}

bool secret_recover_earlier(const struct ssa_run *run, struct token *token, const struct uri *uri, bool *removed,
                            struct ssa_error *err)
{
    struct earlier earlier = {.run = run, .token = token, .uri = uri};
    data_label(uri, earlier.label);
    const bool recovered = journal_each_open(run, visit, &earlier, err);
    *removed = earlier.removed;
    return recovered;
}
