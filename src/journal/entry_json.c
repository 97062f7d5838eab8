#include "journal/entry_json.h"

#include <errno.h>

#include "core/json.h"
#include "core/text.h"
#include "core/timestamp.h"

// The checksum of a line of the journal: the SHA-256 of the text before it. It is the line's last member. It shows
// whether a line was damaged; it is not a signature.
#define CHECKSUM_MEMBER "sha256"

static const char checksum_head[] = ",\"" CHECKSUM_MEMBER "\":\"", checksum_tail[] = "\"}";

enum {
    DIGITS = FINGERPRINT_TEXT - 1,
    HEAD_LENGTH = sizeof checksum_head - 1,
    TAIL_LENGTH = sizeof checksum_tail - 1,
    CHECKSUM_LENGTH = HEAD_LENGTH + DIGITS + TAIL_LENGTH
};

bool checksum_append(struct secret *text, size_t from)
{
    char digits[FINGERPRINT_TEXT];
    if (text->len < from + 2 || text->data[text->len - 1] != '}')
        return false;
    const size_t len = text->len - 1;
    fingerprint(span_of(text->data + from, len - from), digits);
    if (digits[0] == '\0' || text->capacity - len < CHECKSUM_LENGTH)
        return false;
    text->len = len;
    return secret_append_text(text, checksum_head) && secret_append_text(text, digits) &&
           secret_append_text(text, checksum_tail);
}

bool checksum_ends(struct span line)
{
    if (line.len < CHECKSUM_LENGTH)
        return false;
    const uint8_t *end = line.data + line.len - CHECKSUM_LENGTH;
    return memcmp(end, checksum_head, HEAD_LENGTH) == 0 &&
           memcmp(end + HEAD_LENGTH + DIGITS, checksum_tail, TAIL_LENGTH) == 0;
}

static bool checksum_is_right(struct span line)
{
    char digits[FINGERPRINT_TEXT];
    if (!checksum_ends(line))
        return false;
    fingerprint(span_of(line.data, line.len - CHECKSUM_LENGTH), digits);
    return digits[0] != '\0' && memcmp(line.data + line.len - TAIL_LENGTH - DIGITS, digits, DIGITS) == 0;
}

enum { FORMAT_NOW = 2 }; // the first format had no checksums, and no "format"

// What a member is. Every line has all of them, except a TEXT that is empty.
enum kind { FORMAT, OPERATION, STEP, OUTCOME, TEXT, TIME, NUMBER, LINE, BOOLEAN, LIST, CHECKSUM };

// All members, in the order in which they are written.
static const struct member {
    const char *name;
    enum kind kind;
    size_t at, size;
} members[] = {
#define MEMBER(name, kind, field)                                                                                      \
    {                                                                                                                  \
        name, kind, offsetof(struct entry, field), sizeof((struct entry *)0)->field                                    \
    }
    {"format", FORMAT, 0, 0},
    MEMBER("operation", OPERATION, operation),
    MEMBER("step", STEP, step),
    MEMBER("outcome", OUTCOME, outcome),
    MEMBER("started", TIME, started),
    MEMBER("ended", TIME, ended),
    MEMBER("askedAt", TIME, asked.from),
    MEMBER("gaveUpAt", TIME, asked.until),
    MEMBER("accountAskedAt", TIME, account_asked),
    MEMBER("retireAt", TIME, retire_at),
    MEMBER("uid", NUMBER, uid),
    MEMBER("pid", NUMBER, pid),
    MEMBER("id", TEXT, id),
    MEMBER("line", LINE, line),
    MEMBER("sequence", NUMBER, sequence),
    MEMBER("emptyBefore", NUMBER, empty_before),
    MEMBER("previous", TEXT, previous),
    MEMBER("clientId", TEXT, client_id),
    MEMBER("baseUrl", TEXT, base_url),
    MEMBER("name", TEXT, name),
    MEMBER("serviceAccountId", TEXT, account),
    MEMBER("email", TEXT, email),
    MEMBER("project", TEXT, project),
    MEMBER("kid", TEXT, kid),
    MEMBER("oldKid", TEXT, old_kid),
    MEMBER("oldKeyUri", TEXT, old_key_uri),
    MEMBER("profile", TEXT, profile),
    MEMBER("draft", TEXT, draft),
    MEMBER("replacesProfile", BOOLEAN, replaces_profile),
    MEMBER("replacesBlock", BOOLEAN, replaces_block),
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
    MEMBER("before", LIST, before),
    {CHECKSUM_MEMBER, CHECKSUM, 0, 0},
#undef MEMBER
};
enum { MEMBERS = COUNT(members) };
_Static_assert(MEMBERS <= 64, "each has a bit in a set");

// The members that have one of several names for their value. The field is an enum, which is as large as unsigned.
static const unsigned name_counts[] = {[OPERATION] = OPERATION_COUNT, [STEP] = STEP_COUNT, [OUTCOME] = OUTCOME_COUNT};
_Static_assert(sizeof(enum operation) == sizeof(unsigned) && sizeof(enum step) == sizeof(unsigned) &&
                   sizeof(enum outcome) == sizeof(unsigned),
               "an enum is as large as unsigned");

static const char *name_of(enum kind kind, unsigned value)
{
    if (kind == OPERATION)
        return entry_operation_name(value);
    return kind == STEP ? entry_step_name(value) : entry_outcome_name(value);
}

static void write_list(const struct api_ids *list, struct json_writer *w)
{
    json_open(w, JSON_ARRAY);
    for (size_t i = 0; i < list->count; i++)
        json_string(w, span_text(list->list[i]));
    json_close(w, JSON_ARRAY);
}

static void write_value(const void *field, enum kind kind, struct json_writer *w)
{
    switch (kind) {
    case FORMAT:
        json_integer(w, FORMAT_NOW);
        break;
    case OPERATION:
    case STEP:
    case OUTCOME:
        json_string(w, span_text(name_of(kind, *(const unsigned *)field)));
        break;
    case TEXT:
        json_string(w, span_text(field));
        break;
    case NUMBER:
    case LINE:
        json_integer(w, *(const long long *)field);
        break;
    case BOOLEAN:
        json_bool(w, *(const bool *)field);
        break;
    case LIST:
        write_list(field, w);
        break;
    case TIME:
    case CHECKSUM:
        break;
    }
}

static void write_member(const struct entry *entry, const struct member *m, struct json_writer *w)
{
    const void *field = (const char *)entry + m->at;
    if (m->kind == CHECKSUM || (m->kind == TEXT && *(const char *)field == '\0'))
        return;
    if (m->kind == TIME) {
        const time_t at = *(const time_t *)field;
        member_time(w, m->name, at != 0, at);
        return;
    }
    json_name(w, m->name);
    write_value(field, m->kind, w);
}

bool entry_write(const struct entry *entry, struct secret *line, struct ssa_error *err)
{
    struct json_writer w;
    const size_t from = line->len;
    if (!entry_check(entry, err))
        return false;
    if (!json_begin(&w, line, false))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the journal");
    json_open(&w, JSON_OBJECT);
    for (size_t i = 0; i < MEMBERS; i++)
        write_member(entry, &members[i], &w);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, err) && (checksum_append(line, from) ||
                                 error_set(err, SSA_UNEXPECTED, NULL, NULL, "the journal's entry is too long"));
}

// Somebody may have edited the file: a text that does not fit is not cut, but refused.
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
    errno = 0;
    *number = strtoll(copy, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool read_name(unsigned *field, enum kind kind, struct span text)
{
    for (unsigned value = 0; value < name_counts[kind]; value++)
        if (span_is(text, name_of(kind, value))) {
            *field = value;
            return true;
        }
    return false;
}

static bool read_value(void *field, const struct member *m, const struct json_value *value)
{
    long long format = 0;
    switch (m->kind) {
    case FORMAT:
        return value->type == JSON_NUMBER && read_number(value->text, &format) && format == FORMAT_NOW;
    case OPERATION:
    case STEP:
    case OUTCOME:
        return value->type == JSON_STRING && read_name(field, m->kind, value->text);
    case TEXT:
        return value->type == JSON_STRING && copy_text(field, m->size, value->text);
    case TIME:
        return value->type == JSON_NULL || (value->type == JSON_STRING && timestamp_read(value->text, field));
    case NUMBER:
    case LINE:
        return value->type == JSON_NUMBER && read_number(value->text, field);
    case BOOLEAN:
        *(bool *)field = span_is(value->text, "true");
        return value->type == JSON_BOOL;
    case LIST:
        return value->type == JSON_ARRAY;
    case CHECKSUM:
        return value->type == JSON_STRING; // it was checked before
    }
    return false;
}

static bool read_before(struct api_ids *before, const struct json_value *value)
{
    if (value->type != JSON_STRING || before->count >= API_IDS_MAX ||
        !copy_text(before->list[before->count], sizeof before->list[0], value->text))
        return false;
    before->count++;
    return true;
}

// An entry, and which of its members were read.
struct reading {
    struct entry *entry;
    uint64_t met;
    bool earlier; // the entry is of a version without checksums
};

static bool is_known(const struct member *m, bool earlier)
{
    return !earlier || (m->kind != FORMAT && m->kind != LINE && m->kind != CHECKSUM);
}

// A member that comes twice, or has another name, was not written by this program.
static bool read_one(struct reading *r, const struct json_value *value)
{
    if (value->path[0] == '\0')
        return value->type == JSON_OBJECT;
    if (strcmp(value->path, "before[]") == 0)
        return read_before(&r->entry->before, value);
    for (size_t i = 0; i < MEMBERS; i++) {
        const uint64_t bit = UINT64_C(1) << i;
        if (strcmp(value->path, members[i].name) != 0 || !is_known(&members[i], r->earlier))
            continue;
        if ((r->met & bit) != 0)
            return false;
        r->met |= bit;
        return read_value((char *)r->entry + members[i].at, &members[i], value);
    }
    return false;
}

static bool visit(void *context, const struct json_value *value, struct ssa_error *err)
{
    return read_one(context, value) || error_set(err, SSA_CONFIG, NULL, NULL,
                                                 "the entry is damaged: its member \"%s\" cannot be read", value->path);
}

// A member that may be absent would not be missed in a damaged line. So only an empty text may be.
static bool is_demanded(const struct member *m, bool earlier)
{
    if (earlier)
        return m->kind == OPERATION || m->kind == STEP || m->kind == OUTCOME;
    return m->kind != TEXT;
}

static bool read_members(struct span line, struct reading *r, struct ssa_error *err)
{
    struct ssa_error why = {0};
    *r->entry = (struct entry){0};
    if (!json_read(line, visit, r, &why))
        return error_set(err, SSA_CONFIG, NULL, NULL, "%s",
                         why.code == SSA_CONFIG ? why.what : "the entry is damaged: it is not a JSON object");
    for (size_t i = 0; i < MEMBERS; i++)
        if ((r->met & (UINT64_C(1) << i)) == 0 && is_demanded(&members[i], r->earlier))
            return error_set(err, SSA_CONFIG, NULL, NULL, "the entry is damaged: it has no \"%s\"", members[i].name);
    return true;
}

bool entry_read(struct span line, struct entry *entry, struct ssa_error *err)
{
    struct reading r = {.entry = entry};
    if (!checksum_is_right(line))
        return error_set(err, SSA_CONFIG, NULL, NULL, "the entry is damaged: its checksum is wrong");
    if (!read_members(line, &r, err) || !entry_check(entry, err))
        return false;
    entry->vouched = true;
    return true;
}

bool entry_read_earlier(struct span line, struct entry *entry, struct ssa_error *err)
{
    struct reading r = {.entry = entry, .earlier = true};
    if (!read_members(line, &r, err))
        return false;
    // Every line of those versions had these members.
    return (entry->started != 0 && entry->base_url[0] != '\0' && entry->step == STEP_CLOSED) ||
           error_set(err, SSA_CONFIG, NULL, NULL, "is not a closed entry of an earlier version");
}
