#include "secret/secret_marks.h"

#include "core/text.h"
#include "hsm/data/data.h"
#include "hsm/object/empty.h"

_Static_assert(DATA_SAME_MAX <= API_IDS_MAX && DATA_MARK_MAX <= API_ID_MAX, "an entry has room for marks");

bool secret_note_before(struct entry *entry, const struct data_marks *before, struct ssa_error *err)
{
    entry->before.count = before->count;
    for (size_t i = 0; i < before->count; i++)
        if (!text_format(entry->before.list[i], sizeof entry->before.list[i], "%s", before->list[i]))
            return error_set(err, SSA_UNEXPECTED, NULL, before->list[i], "the mark is too long");
    return true;
}

void secret_read_before(const struct entry *entry, struct data_marks *before)
{
    *before = (struct data_marks){0};
    // A longer text is not a mark of ours.
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

bool secret_looks_differ(const struct token *token, struct ssa_error *err)
{
    return error_set(err, SSA_TOKEN, NULL, token_info(token)->uri,
                     "the PKCS#11 token showed different data objects when it was asked twice");
}

static bool are_alike(const struct data_marks *a, const struct data_marks *b)
{
    bool alike = a->count == b->count;
    for (size_t i = 0; alike && i < a->count; i++)
        alike = data_marked(b, a->list[i]);
    return alike;
}

bool secret_look(struct token *token, const struct uri *uri, struct data_marks *there, struct ssa_error *err)
{
    struct data_marks again;
    if (!data_look(token, uri, there, err) || !data_look(token, uri, &again, err))
        return false;
    return are_alike(there, &again) || secret_looks_differ(token, err);
}

bool secret_count_empty(struct token *token, size_t *count, struct ssa_error *err)
{
    size_t again = 0;
    if (!empty_count_data(token, count, err) || !empty_count_data(token, &again, err))
        return false;
    return *count == again || secret_looks_differ(token, err);
}
