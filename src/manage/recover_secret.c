// An import of a client secret is undone until it was proved, and finished from then on; of a removal it is
// looked whether it was carried out. Nothing is touched but what the journal names by its mark.
#include "manage/recover_secret.h"

#include "config/setting_names.h"
#include "core/tell.h"
#include "core/text.h"

_Static_assert(DATA_SAME_MAX <= API_IDS_MAX && DATA_MARK_MAX <= APS_ID_MAX, "an entry has room for marks");

void secret_note_before(struct entry *entry, const struct data_marks *before)
{
    entry->before.count = before->count;
    for (size_t i = 0; i < before->count; i++)
        (void)text_format(entry->before.list[i], sizeof entry->before.list[i], "%s", before->list[i]);
}

// A mark that is none of ours cannot be longer.
static void read_before(const struct entry *entry, struct data_marks *before)
{
    *before = (struct data_marks){0};
    for (size_t i = 0; i < entry->before.count && before->count < DATA_SAME_MAX; i++)
        if (text_format(before->list[before->count], DATA_MARK_MAX, "%s", entry->before.list[i]))
            before->count++;
}

bool secret_mark(const struct journal *j, struct data_marks *mine, struct ssa_error *err)
{
    mine->count = 1;
    return data_mark(j->id, mine->list[0]) ||
           error_set(err, SSA_UNEXPECTED, NULL, j->id, "the operation's name is too long for a mark");
}

static bool are_alike(const struct data_marks *a, const struct data_marks *b)
{
    bool alike = a->count == b->count;
    for (size_t i = 0; alike && i < a->count; i++)
        alike = data_marked(b, a->list[i]);
    return alike;
}

static bool says_both(const struct token *token, struct ssa_error *err)
{
    return error_set(err, SSA_TOKEN, NULL, token_info(token)->uri,
                     "the PKCS#11 token says of its data objects once this and once that");
}

// A module may find nothing once and say that all is well: what is not there is looked for twice.
static bool look_twice(struct token *token, const struct uri *uri, struct data_marks *there,
                       struct ssa_error *err)
{
    struct data_marks again;
    return data_look(token, uri, there, err) && data_look(token, uri, &again, err) &&
           (are_alike(there, &again) || says_both(token, err));
}

bool secret_count_empty(struct token *token, size_t *count, struct ssa_error *err)
{
    size_t again = 0;
    return data_count_empty(token, count, err) && data_count_empty(token, &again, err) &&
           (*count == again || says_both(token, err));
}

// What the last look saw is what the two before it saw.
static bool is_as_seen(const struct data_taken *taken, const struct data_marks *there, size_t empty,
                       const char *mark)
{
    return taken->whole == data_marked(there, mark) &&
           (taken->whole || taken->empty + (taken->half ? 1 : 0) == empty);
}

// Not proved: what was there before is there still.
static bool undo_import(const struct ssa_run *run, struct journal *j, struct token *token,
                        const struct uri *uri, struct ssa_error *err)
{
    struct data_marks mine, there;
    struct data_taken taken;
    size_t empty = 0;
    if (!secret_mark(j, &mine, err) || !look_twice(token, uri, &there, err) ||
        !secret_count_empty(token, &empty, err) ||
        data_take_back(token, uri, mine.list[0], (size_t)j->entry.empty_before, &taken, err) != DATA_GONE)
        return false;
    if (!is_as_seen(&taken, &there, empty, mine.list[0]))
        return says_both(token, err);
    if (taken.whole || taken.half)
        return recovery_close(run, j, OUTCOME_UNDONE,
                              "what it had stored is destroyed again: the token is as it was");
    // One may be of another import, which counted it, and whose recovery took this one's.
    return recovery_close(
        run, j, OUTCOME_UNDONE,
        taken.empty == 0
            ? "it had stored nothing: the token is as it was"
            : "nothing that it had stored is found. A data object with nothing in it may be left of "
              "it, or be another's: `pkcs11-tool --login --list-objects --type data` shows them");
}

static bool finish_import(const struct ssa_run *run, struct journal *j, struct token *token,
                          const struct uri *uri, struct ssa_error *err)
{
    struct data_marks mine, there, before;
    read_before(&j->entry, &before);
    if (!secret_mark(j, &mine, err) || !look_twice(token, uri, &there, err))
        return false;
    if (!data_marked(&there, mine.list[0]))
        return recovery_close(
            run, j, OUTCOME_UNKNOWN,
            there.count == 0 ? "what it stored is not there any more: `ssa-hsm secret import` stores it anew"
                             : "what it stored is not there any more, but another of its label is: that is "
                               "left");
    struct ssa_error why = {0};
    const enum data_end end = data_destroy(token, uri, &before, &why);
    if (end != DATA_GONE && end != DATA_MIXED) {
        if (err != NULL)
            *err = why;
        return false;
    }
    tell(&run->callbacks, SSA_NOTICE, "the line for the profile: %s=\"%s\"", setting_name(SET_CLIENT_SECRET),
         j->entry.key_uri);
    // Whose the others are is not for a recovery to guess.
    return recovery_close(run, j, OUTCOME_DONE,
                          end == DATA_GONE
                              ? "the client secret is on the token, and it alone"
                              : "the client secret is on the token, but others of its label are left, which "
                                "may have come since: `ssa-hsm secret import --force` leaves one");
}

static bool look_after_removal(const struct ssa_run *run, struct journal *j, struct token *token,
                               const struct uri *uri, struct ssa_error *err)
{
    struct data_marks before, there;
    read_before(&j->entry, &before);
    if (!look_twice(token, uri, &there, err))
        return false;
    if (before.count == 1 && data_marked(&there, before.list[0]))
        return recovery_close(run, j, OUTCOME_FAILED,
                              "the client secret is still there: `ssa-hsm secret remove` destroys it");
    return recovery_close(run, j, OUTCOME_DONE, "the client secret is gone from the token");
}

static bool settle_on(const struct ssa_run *run, struct journal *j, struct token *token,
                      const struct uri *uri, struct ssa_error *err)
{
    const struct entry *e = &j->entry;
    if (e->operation == OP_SECRET_REMOVE)
        return look_after_removal(run, j, token, uri, err);
    return e->step >= STEP_IMPORTED ? finish_import(run, j, token, uri, err)
                                    : undo_import(run, j, token, uri, err);
}

static bool open_own(const struct ssa_run *run, const struct uri *uri, struct target *own,
                     struct ssa_error *err)
{
    // Recovery logs in to other tokens, too. Where the token was found, what was refused is to guess its PIN.
    if (!open_secret_token(run, uri, BESIDE_PERHAPS, own, err))
        return own->token == NULL
                   ? false
                   : error_hint(err, "Name that token with --token and its PIN with --pin-source, or run the "
                                     "interrupted command again.");
    const struct pin_giver user = pin_giver_of(&own->pin);
    return token_login(own->token, true, &user, err);
}

bool secret_settle(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    struct target own = {0};
    URI_AUTO *uri = NULL;
    if (!uri_parse(j->entry.key_uri, &uri, err) || !data_check_uri(uri, "the journal's keyUri", err))
        return false;
    struct target *to = recovery_opened(r);
    if (to == NULL || !token_matches(to->token, uri))
        to = &own;
    const bool settled =
        (to != &own || open_own(r->run, uri, &own, err)) && settle_on(r->run, j, to->token, uri, err);
    token_close(&own.token);
    return settled;
}

struct left {
    const struct ssa_run *run;
    struct token *token;
    const struct uri *uri;
    char label[DATA_LABEL_MAX];
    bool removed;
};

// A token's URI says more where another is there that looks the same, so it is not compared as text.
static bool is_on(const struct token *token, const char *text)
{
    URI_AUTO *uri = NULL;
    return text[0] != '\0' && uri_parse(text, &uri, NULL) && token_matches(token, uri);
}

static bool is_about(const struct left *left, const struct entry *e)
{
    return entry_is_about_secret(e) && entry_is_ours(e, left->run->settings) &&
           strcmp(e->label, left->label) == 0 && is_on(left->token, e->token);
}

static bool visit(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    struct left *left = context;
    if (standing != INTERRUPTED || !is_about(left, &j->entry))
        return true;
    if (!settle_on(left->run, j, left->token, left->uri, err))
        return false;
    left->removed |= j->entry.operation == OP_SECRET_REMOVE && j->entry.outcome == OUTCOME_DONE;
    return true;
}

bool secret_settle_left(const struct ssa_run *run, struct token *token, const struct uri *uri, bool *removed,
                        struct ssa_ending *ending, struct ssa_error *err)
{
    struct left left = {.run = run, .token = token, .uri = uri};
    data_label(uri, left.label);
    const bool settled = journal_each_open(run, visit, &left, err);
    *removed = left.removed;
    if (!settled && err->code == SSA_TOKEN)
        return ending_add(ending, SSA_END_LEFT, SSA_REASON_OPERATION_OPEN, NULL, NULL,
                          "What an earlier operation has left is not settled.");
    return settled;
}
