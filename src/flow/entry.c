// The journal's entries as JSON.
#include "flow/entry.h"

#include <stddef.h>
#include <stdlib.h>

#include "core/text.h"
#include "core/timestamp.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const operations[OPERATION_COUNT] = {
    "account create", "account enable", "account disable", "account delete", "key create",
    "key import",     "key rotate",     "key enable",      "key disable",    "key delete",
    "key prune",      "secret import",  "secret remove",
};
static const char *const steps[STEP_COUNT] = {
    "begun",    "rehearsing", "asked",    "account-asked", "account-made", "key-asked",
    "key-made", "imported",   "switched", "retiring",      "closed",
};
static const char *const outcomes[OUTCOME_COUNT] = {"open", "done", "undone", "failed", "left", "unknown"};

enum kind { TEXT, TIME, NUMBER, BOOLEAN };

// Every member that is a value of its own.
static const struct member {
    const char *name;
    enum kind kind;
    size_t at, size;
} members[] = {
#define MEMBER(name, kind, field)                                                                            \
    {                                                                                                        \
        name, kind, offsetof(struct entry, field), sizeof((struct entry *)0)->field                          \
    }
    MEMBER("started", TIME, started),
    MEMBER("ended", TIME, ended),
    MEMBER("askedAt", TIME, asked.from),
    MEMBER("gaveUpAt", TIME, asked.until),
    MEMBER("accountAskedAt", TIME, account_asked),
    MEMBER("retireAt", TIME, retire_at),
    MEMBER("uid", NUMBER, uid),
    MEMBER("pid", NUMBER, pid),
    MEMBER("id", TEXT, id),
    MEMBER("sequence", NUMBER, sequence),
    MEMBER("emptyBefore", NUMBER, empty_before),
    MEMBER("previous", TEXT, previous),
    MEMBER("clientId", TEXT, client_id),
    MEMBER("baseUrl", TEXT, base_url),
    MEMBER("name", TEXT, name),
    MEMBER("serviceAccountId", TEXT, account),
    MEMBER("email", TEXT, email),
    MEMBER("kid", TEXT, kid),
    MEMBER("oldKid", TEXT, old_kid),
    MEMBER("oldKeyUri", TEXT, old_key_uri),
    MEMBER("profile", TEXT, profile),
    MEMBER("draft", TEXT, draft),
    MEMBER("replacesProfile", BOOLEAN, replaces_profile),
    MEMBER("profileBefore", TEXT, profile_before),
    MEMBER("token", TEXT, token),
    MEMBER("slot", TEXT, slot),
    MEMBER("slotWasUsed", BOOLEAN, slot_was_used),
    MEMBER("idWasFree", BOOLEAN, id_was_free),
    MEMBER("import", TEXT, import),
    MEMBER("label", TEXT, label),
    MEMBER("keyUri", TEXT, key_uri),
    MEMBER("modulusSha256", TEXT, modulus),
    MEMBER("throwaway", TEXT, throwaway),
    MEMBER("retiresAtOnce", BOOLEAN, retires_at_once),
    MEMBER("note", TEXT, note),
#undef MEMBER
};

const char *operation_name(enum operation operation)
{
    return operations[operation];
}

const char *outcome_name(enum outcome outcome)
{
    return outcomes[outcome];
}

bool entry_is_about_secret(const struct entry *entry)
{
    return entry->operation == OP_SECRET_IMPORT || entry->operation == OP_SECRET_REMOVE;
}

const char *entry_subject(const struct entry *entry)
{
    const char *const subjects[] = {entry->account, entry->name, entry->label};
    for (size_t i = 0; i < COUNT(subjects); i++)
        if (subjects[i][0] != '\0')
            return subjects[i];
    return entry->token;
}

static void write_member(const struct entry *entry, const struct member *m, struct json_writer *w)
{
    const char *field = (const char *)entry + m->at;
    if (m->kind == TEXT && field[0] == '\0')
        return;
    if (m->kind == TIME) {
        const time_t at = *(const time_t *)(const void *)field;
        member_time(w, m->name, at != 0, at);
        return;
    }
    json_name(w, m->name);
    if (m->kind == TEXT)
        json_string(w, span_text(field));
    else if (m->kind == NUMBER)
        json_integer(w, *(const long long *)(const void *)field);
    else
        json_bool(w, *(const bool *)(const void *)field);
}

void entry_write(const struct entry *entry, struct json_writer *w)
{
    const struct {
        const char *name, *value;
    } first[] = {{"operation", operations[entry->operation]},
                 {"step", steps[entry->step]},
                 {"outcome", outcomes[entry->outcome]}};
    json_open(w, JSON_OBJECT);
    for (size_t i = 0; i < COUNT(first); i++) {
        json_name(w, first[i].name);
        json_string(w, span_text(first[i].value));
    }
    for (size_t i = 0; i < COUNT(members); i++)
        write_member(entry, &members[i], w);
    json_name(w, "before");
    json_open(w, JSON_ARRAY);
    for (size_t i = 0; i < entry->before.count; i++)
        json_string(w, span_text(entry->before.list[i].kid));
    json_close(w, JSON_ARRAY);
    json_close(w, JSON_OBJECT);
}

static size_t index_of(const char *const *names, size_t count, struct span text)
{
    size_t i = 0;
    while (i < count && !span_is(text, names[i]))
        i++;
    return i;
}

// Foreign bytes: a file that somebody edited must not steer what is deleted.
static bool copy_text(char *field, size_t size, struct span text)
{
    if (text.len >= size || memchr(text.data, '\0', text.len) != NULL)
        return false;
    memcpy(field, text.data, text.len);
    field[text.len] = '\0';
    return true;
}

static bool read_number(struct span text, long long *number)
{
    char copy[24], *end = NULL;
    if (!copy_text(copy, sizeof copy, text))
        return false;
    *number = strtoll(copy, &end, 10);
    return *end == '\0';
}

static bool read_member(struct entry *entry, const struct member *m, const struct json_value *value)
{
    char *field = (char *)entry + m->at;
    if (m->kind == TEXT)
        return value->type == JSON_STRING && copy_text(field, m->size, value->text);
    if (m->kind == TIME)
        return value->type == JSON_NULL ||
               (value->type == JSON_STRING && timestamp_read(value->text, (time_t *)(void *)field));
    if (m->kind == NUMBER)
        return value->type == JSON_NUMBER && read_number(value->text, (long long *)(void *)field);
    *(bool *)(void *)field = span_is(value->text, "true");
    return value->type == JSON_BOOL;
}

static bool read_before(struct aps_keys *before, const struct json_value *value)
{
    if (value->type != JSON_STRING || before->count >= APS_KEYS_MAX ||
        !copy_text(before->list[before->count].kid, sizeof before->list[0].kid, value->text))
        return false;
    before->count++;
    return true;
}

static bool read_one(struct entry *entry, const struct json_value *value)
{
    size_t at = 0;
    if (strcmp(value->path, "before[]") == 0)
        return read_before(&entry->before, value);
    if (strcmp(value->path, "operation") == 0) {
        at = index_of(operations, OPERATION_COUNT, value->text);
        entry->operation = (enum operation)at;
        return at < OPERATION_COUNT;
    }
    if (strcmp(value->path, "step") == 0) {
        at = index_of(steps, STEP_COUNT, value->text);
        entry->step = (enum step)at;
        return at < STEP_COUNT;
    }
    if (strcmp(value->path, "outcome") == 0) {
        at = index_of(outcomes, OUTCOME_COUNT, value->text);
        entry->outcome = (enum outcome)at;
        return at < OUTCOME_COUNT;
    }
    for (size_t i = 0; i < COUNT(members); i++)
        if (strcmp(value->path, members[i].name) == 0)
            return read_member(entry, &members[i], value);
    return true;
}

static bool visit(void *context, const struct json_value *value, struct ssa_error *err)
{
    return read_one(context, value) ||
           error_set(err, SSA_CONFIG, NULL, NULL, "the journal's member \"%s\" cannot be read", value->path);
}

// Ids go into paths of the API.
static bool are_ids(const struct entry *entry)
{
    const char *const ids[] = {entry->account, entry->kid, entry->old_kid};
    for (size_t i = 0; i < COUNT(ids); i++)
        if (ids[i][0] != '\0' && !aps_is_id(ids[i]))
            return false;
    return true;
}

bool entry_read(struct span text, struct entry *entry, struct ssa_error *err)
{
    *entry = (struct entry){0};
    if (!json_read(text, visit, entry, err))
        return false;
    // Every line has these; another file has not.
    if (entry->started == 0 || entry->base_url[0] == '\0')
        return error_set(err, SSA_CONFIG, NULL, NULL, "is no entry of the journal");
    return are_ids(entry) ||
           error_set(err, SSA_CONFIG, NULL, NULL, "the journal names an id that can be none");
}
