#include "config/old_json.h"

#include <ctype.h>

#include "config/setting_names.h"
#include "core/json.h"

// The API's names. One without a setting tells what the API knows by itself.
static const struct {
    const char *name;
    enum setting id;
} known[] = {
    {"kid", SET_KEY_ID},
    {"keyId", SET_KEY_ID},
    {"privateKey", SET_PRIVATE_KEY},
    {"serviceAccountId", SET_ACCOUNT_ID},
    {"email", SET_EMAIL},
    {"clientId", SET_CLIENT_ID},
    {"clientSecret", SET_CLIENT_SECRET},
    {"publicKey", SETTING_COUNT},
    {"status", SETTING_COUNT},
    {"createdAt", SETTING_COUNT},
    {"createdBy", SETTING_COUNT},
    {"accessedAt", SETTING_COUNT},
    {"expiresAt", SETTING_COUNT},
};

enum { MEMBERS_MAX = 64 };
static const size_t room_per_name = 32; // of a setting, which may be longer than the API's

// Names and values in turn, each with its NUL. They may be secrets, and the parser shows them for a moment only.
struct members {
    const char *file;
    struct secret texts;
    size_t count;
};

// Editors of other systems put a byte order mark before a text.
static size_t mark_length(const struct secret *text)
{
    static const char mark[] = "\xef\xbb\xbf";
    return strncmp(secret_text(text), mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;
}

bool old_json_is(const struct secret *text)
{
    const char *at = secret_text(text) + mark_length(text);
    while (isspace((unsigned char)*at))
        at++;
    return *at == '{';
}

// NULL for a member without any use.
static const char *name_of(const char *member)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, member) == 0)
            return known[i].id == SETTING_COUNT ? NULL : setting_name(known[i].id);
    return member;
}

static bool append(struct members *m, struct span text)
{
    return secret_append(&m->texts, text) && secret_append(&m->texts, span_of("", 1));
}

static bool take(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct members *m = context;
    const char *name = name_of(value->path);
    if (value->path[0] == '\0' || name == NULL || value->type == JSON_NULL)
        return true;
    // An inner object is told by its name alone.
    const struct span text = value->type == JSON_OBJECT || value->type == JSON_ARRAY ? span_text("…") : value->text;
    if (memchr(text.data, '\0', text.len) != NULL)
        return error_set(err, SSA_CONFIG, NULL, m->file, "has a zero byte in \"%s\"", value->path);
    if (m->count == MEMBERS_MAX || !append(m, span_text(name)) || !append(m, text))
        return error_set(err, SSA_CONFIG, NULL, m->file, "has more than %d members, or is too long", MEMBERS_MAX);
    m->count++;
    return true;
}

static bool read_members(const struct secret *text, struct members *m, struct ssa_error *err)
{
    const size_t mark = mark_length(text);
    const struct span json = span_of(text->data + mark, text->len - mark);
    if (!secret_new(&m->texts, text->capacity + MEMBERS_MAX * room_per_name, err) ||
        !secret_must_be_locked(&m->texts, err))
        return false;
    if (json_read(json, take, m, err))
        return true;
    if (err->code != SSA_CONFIG) {
        error_set(err, SSA_CONFIG, NULL, m->file, "begins like JSON, and is not JSON");
        (void)error_hint(err, "It must be one object, as the API answers it: {\"kid\": …, \"privateKey\": …}.");
    }
    return false;
}

bool old_json_read(struct secret *text, const char *file, dotenv_visit *visit, void *context, struct ssa_error *err)
{
    struct members m = {.file = file};
    bool ok = read_members(text, &m, err);
    if (ok) {
        secret_clear(text);
        ok = secret_append(text, secret_span(&m.texts)) || error_set(err, SSA_CONFIG, NULL, file, "is too long");
    }
    secret_free(&m.texts);
    const char *at = secret_text(text);
    for (size_t i = 0; ok && i < m.count; i++) {
        const struct assignment a = {.name = at, .value = at + strlen(at) + 1};
        at = a.value + strlen(a.value) + 1;
        ok = visit(context, &a, err);
    }
    return ok;
}
