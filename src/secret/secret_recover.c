// An import is undone where the secret was not proved yet, and finished after that. For a removal, the token shows
// whether it was carried out. Only objects whose mark the journal has are changed.
#include "secret/secret_recover.h"

#include "config/profile_write.h"
#include "core/callback.h"
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

// Says how it ended, notes that in the entry, and closes it. Returns true.
static bool end(const struct interrupted *i, enum outcome outcome, enum ssa_reason reason, const char *line)
{
    struct entry *e = i->j->entry;
    tell_reason(&i->run->callbacks, SSA_NOTICE, reason, NULL, "`%s` of %s: %s", entry_operation_name(e->operation),
                entry_subject(e), line);
    entry_note(e, line);
    journal_close(i->j, outcome);
    return true;
}

// Whether the last result is the same as the two before it.
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
                   "the secret that it had stored is destroyed again, and the token is as it was");
    if (taken.empty == 0)
        return end(i, OUTCOME_UNDONE, SSA_REASON_NONE, "it had stored nothing, and the token is as it was");
    // The empty object may be of another import, whose recovery may have taken the one of this import for its own.
    return end(i, OUTCOME_UNDONE, SSA_REASON_EMPTY_OBJECT,
               "no secret that it had stored is found; an empty data object may be left of it, or may be from "
               "another operation");
}

static bool finish_import(const struct interrupted *i, struct ssa_error *err)
{
    struct data_marks mine, there, before;
    secret_read_before(i->j->entry, &before);
    if (!secret_mark(i->j, &mine, err) || !secret_look(i->token, i->uri, &there, err))
        return false;
    if (!data_marked(&there, mine.list[0]))
        return there.count == 0
                   ? end(i, OUTCOME_UNKNOWN, SSA_REASON_SECRET_GONE, "the secret that it stored is not there any more")
                   : end(i, OUTCOME_UNKNOWN, SSA_REASON_NONE,
                         "the secret that it stored is not there any more; another data object with its label is "
                         "there, and was not changed");
    const enum data_end old = data_destroy(i->token, i->uri, &before, err);
    if (old != DATA_GONE && old != DATA_MIXED)
        return false;
    // Where a profile was to be edited, the same import does that when it is run again.
    tell_reason(&i->run->callbacks, SSA_NOTICE,
                i->j->entry->profile[0] != '\0' ? SSA_REASON_SECRET_EDIT_AGAIN : SSA_REASON_NONE, i->j->entry->profile,
                "the line for the profile: %s=\"%s\"", setting_name(SET_CLIENT_SECRET), i->j->entry->key_uri);
    if (old == DATA_GONE)
        return end(i, OUTCOME_DONE, SSA_REASON_NONE,
                   "the client secret is on the token, and is the only one with its label");
    return end(i, OUTCOME_DONE, SSA_REASON_SECRETS_OF_ONE_LABEL,
               "the client secret is on the token; others with its label were left, since they may be newer");
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
    if (!profile_draft_remove(i->j->entry->draft, err))
        return false;
    if (i->j->entry->operation == OP_SECRET_REMOVE)
        return check_removal(i, err);
    return i->j->entry->step >= STEP_IMPORTED ? finish_import(i, err) : undo_import(i, err);
}

static bool open_own(const struct ssa_run *run, const struct uri *uri, struct open_token *own, struct ssa_error *err)
{
    if (!open_token_of_secret(run, uri, OTHER_TOKEN_PERHAPS, own, err)) {
        // Where the token was found, the error is that its PIN is not known.
        return own->token != NULL && error_reason(err, SSA_REASON_SECRET_TOKEN_PIN, NULL);
    }
    return open_token_login(own, true, err);
}

bool secret_recover(const struct ssa_run *run, struct journal *j, const struct open_token *opened,
                    struct ssa_error *err)
{
    OPEN_TOKEN_AUTO own = {.pin = {.tries = opened->pin.tries}};
    URI_AUTO *uri = NULL;
    if (!uri_parse(j->entry->key_uri, &uri, err) || !data_check_uri(uri, "the journal's keyUri", err))
        return false;
    const bool is_open = opened->token != NULL && token_matches(opened->token, uri);
    if (!is_open && !open_own(run, uri, &own, err))
        return false;
    const struct interrupted it = {.run = run, .j = j, .token = is_open ? opened->token : own.token, .uri = uri};
    return recover(&it, err);
}

// The data object whose earlier operations are recovered.
struct earlier {
    const struct ssa_run *run;
    struct token *token;
    const struct uri *uri;
    char label[DATA_LABEL_MAX];
    bool removed;
};

// URIs are not compared as text: a token's URI has more attributes where there is a similar token.
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
    const bool recovered = journal_each_open(run, visit, &earlier, NULL, err);
    *removed = earlier.removed;
    return recovered;
}
