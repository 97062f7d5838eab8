#include "manage/key_origin.h"

#include <string.h>

#include "core/text.h"
#include "journal/closed_entry.h"

struct search {
    const char *account, *kid;
    struct key_origin *origin;
};

static bool brought_in(const struct search *s, const struct entry *e)
{
    return (e->operation == OP_ACCOUNT_CREATE || e->operation == OP_KEY_CREATE || e->operation == OP_KEY_IMPORT ||
            e->operation == OP_KEY_ROTATE) &&
           strcmp(e->kid, s->kid) == 0 && strcmp(e->account, s->account) == 0;
}

static void take(const struct search *s, const char *id, const struct entry *e)
{
    *s->origin = (struct key_origin){
        .known = true, .operation = e->operation, .started = e->started, .ended = e->ended, .sequence = e->sequence};
    memcpy(s->origin->import, e->import, sizeof s->origin->import);
    (void)text_format(s->origin->id, sizeof s->origin->id, "%s", id);
}

static bool visit_closed(void *context, const char *id, const struct entry *e, struct ssa_error *err)
{
    const struct search *s = context;
    (void)err;
    if (e->outcome != OUTCOME_DONE || !brought_in(s, e))
        return true;
    take(s, id, e);
    if (!journal_hash_closed(id, s->origin->sha256, ERROR_IGNORED))
        s->origin->sha256[0] = '\0';
    return true;
}

static bool visit_open(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    const struct search *s = context;
    (void)err;
    if (standing == WAITING && brought_in(s, j->entry))
        take(s, j->id, j->entry);
    return true;
}

void key_origin_find(const struct ssa_run *run, const char *account, const char *kid, struct key_origin *origin)
{
    struct search s = {.account = account, .kid = kid, .origin = origin};
    struct ssa_error ignored = {0};
    *origin = (struct key_origin){0};
    if (!journal_each_closed(run, visit_closed, &s, &ignored) || origin->known || !journal_may_hold_any())
        return;
    if (!journal_each_open(run, visit_open, &s, &ignored))
        *origin = (struct key_origin){0};
}
