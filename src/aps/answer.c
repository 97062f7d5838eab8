#include "aps/answer.h"

#include "core/timestamp.h"
#include "oauth/answer_text.h"

static bool is_email(const char *text)
{
    // A shell and a dotenv file must accept it without quotes.
    return strpbrk(text, "\"'`\\$<>(),;") == NULL;
}

// Reads a text, but does not keep one that is not of the kind.
static bool read_text_of(bool (*kind)(const char *text), const struct json_value *value, char *out, size_t capacity,
                         struct ssa_error *err)
{
    if (!answer_text(value, out, capacity, err))
        return false;
    if (kind(out))
        return true;
    out[0] = '\0';
    return answer_wrong(err, value->path, "contains characters that are not allowed");
}

static bool read_id(const struct json_value *value, char *out, size_t capacity, struct ssa_error *err)
{
    return read_text_of(api_is_id, value, out, capacity, err);
}

static bool read_account(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct aps_account *account = context;
    if (strcmp(value->path, "serviceAccountId") == 0)
        return read_id(value, account->id, sizeof account->id, err);
    if (strcmp(value->path, "email") == 0)
        return read_text_of(is_email, value, account->email, sizeof account->email, err);
    return answer_root(value, err);
}

bool answer_account(struct span body, struct aps_account *account, struct ssa_error *err)
{
    *account = (struct aps_account){0};
    if (!answer_read(body, read_account, account, err))
        return false;
    if (account->id[0] == '\0')
        return answer_lacks(err, "serviceAccountId");
    return account->email[0] != '\0' || answer_lacks(err, "email");
}

// A time in an unknown form counts as unknown. It must not make the list fail.
static bool read_time(const struct json_value *value, time_t *at)
{
    return value->type == JSON_STRING && timestamp_read(value->text, at);
}

static bool read_member(struct aps_account *account, const char *name, const struct json_value *value,
                        struct ssa_error *err)
{
    if (strcmp(name, "serviceAccountId") == 0)
        return read_id(value, account->id, sizeof account->id, err);
    if (value->type == JSON_NULL)
        return true;
    if (strcmp(name, "email") == 0)
        return read_text_of(is_email, value, account->email, sizeof account->email, err);
    if (strcmp(name, "createdBy") == 0)
        return answer_text(value, account->created_by, sizeof account->created_by, err);
    if (strcmp(name, "status") == 0)
        return answer_text(value, account->status, sizeof account->status, err);
    if (strcmp(name, "createdAt") == 0)
        account->has_created_at = read_time(value, &account->created_at);
    if (strcmp(name, "accessedAt") == 0)
        account->has_accessed_at = read_time(value, &account->accessed_at);
    if (strcmp(name, "expiresAt") == 0)
        account->has_expires_at = read_time(value, &account->expires_at);
    return true;
}

static bool read_detail(void *context, const struct json_value *value, struct ssa_error *err)
{
    return read_member(context, value->path, value, err) && answer_root(value, err);
}

bool answer_detail(struct span body, struct aps_account *account, struct ssa_error *err)
{
    *account = (struct aps_account){0};
    return answer_read(body, read_detail, account, err) &&
           (account->id[0] != '\0' || answer_lacks(err, "serviceAccountId"));
}

// A list that is read: its array must be there, and each element must be complete before the next one begins. The id is
// the first member of an element in memory.
struct list {
    const char *array, *element, *id; // their paths: "keys", "keys[]", "keys[].kid"
    void *first;
    size_t size, most; // of an element, of the list
    size_t *count;
    bool seen;
};

static void *last_of(const struct list *list)
{
    return (char *)list->first + (*list->count - 1) * list->size;
}

// Fails if the last element lacks its id.
static bool check_last(const struct list *list, struct ssa_error *err)
{
    return *list->count == 0 || *(const char *)last_of(list) != '\0' || answer_lacks(err, list->id);
}

// The name of a member of the last element; NULL for any other value.
static const char *member_of(const struct list *list, const struct json_value *value)
{
    const size_t len = strlen(list->element);
    const bool inside = strncmp(value->path, list->element, len) == 0 && value->path[len] == '.';
    return inside && *list->count > 0 ? value->path + len + 1 : NULL;
}

// Reads what is not a member of an element.
static bool read_list(struct list *list, const struct json_value *value, struct ssa_error *err)
{
    if (strcmp(value->path, list->array) == 0) {
        if (value->type != JSON_ARRAY || list->seen)
            return answer_wrong(err, value->path, "is not an array");
        list->seen = true;
    } else if (strcmp(value->path, list->element) == 0) {
        if (!check_last(list, err))
            return false;
        if (value->type != JSON_OBJECT)
            return answer_wrong(err, value->path, "is not an object");
        if (*list->count == list->most)
            return error_set(err, SSA_UNEXPECTED, NULL, NULL, "it has more than %zu elements", list->most);
        (*list->count)++;
    }
    return answer_root(value, err);
}

static bool answer_list(struct span body, json_visit *visit, struct list *list, struct ssa_error *err)
{
    return answer_read(body, visit, list, err) && (list->seen || answer_lacks(err, list->array)) &&
           check_last(list, err);
}

static bool read_accounts(void *context, const struct json_value *value, struct ssa_error *err)
{
    const char *name = member_of(context, value);
    return name == NULL ? read_list(context, value, err) : read_member(last_of(context), name, value, err);
}

bool answer_accounts(struct span body, struct aps_accounts *accounts, struct ssa_error *err)
{
    *accounts = (struct aps_accounts){0};
    struct list list = {"serviceAccounts",
                        "serviceAccounts[]",
                        "serviceAccounts[].serviceAccountId",
                        accounts->list,
                        sizeof accounts->list[0],
                        APS_ACCOUNTS_MAX,
                        &accounts->count,
                        false};
    return answer_list(body, read_accounts, &list, err);
}

static bool read_keys(void *context, const struct json_value *value, struct ssa_error *err)
{
    const char *name = member_of(context, value);
    if (name == NULL)
        return read_list(context, value, err);
    struct aps_key *key = last_of(context);
    if (strcmp(name, "kid") == 0)
        return read_id(value, key->kid, sizeof key->kid, err);
    if (strcmp(name, "status") == 0)
        return value->type == JSON_NULL || answer_text(value, key->status, sizeof key->status, err);
    if (strcmp(name, "createdAt") == 0)
        key->has_created_at = read_time(value, &key->created_at);
    if (strcmp(name, "accessedAt") == 0)
        key->has_accessed_at = read_time(value, &key->accessed_at);
    return true;
}

bool answer_keys(struct span body, struct aps_keys *keys, struct ssa_error *err)
{
    *keys = (struct aps_keys){0};
    struct list list = {"keys",       "keys[]",     "keys[].kid", keys->list, sizeof keys->list[0],
                        APS_KEYS_MAX, &keys->count, false};
    return answer_list(body, read_keys, &list, err);
}

struct key_reading {
    char *kid;
    struct secret *pem;
    const char *pem_wrong; // the fault is told at the end, because the kid may come after the key
    bool pem_seen;
};

static void read_private_key(struct key_reading *r, const struct json_value *value)
{
    if (r->pem_seen)
        r->pem_wrong = "occurs twice";
    else if (value->type != JSON_STRING)
        r->pem_wrong = "is not a string";
    else if (value->text.len == 0 || memchr(value->text.data, 0, value->text.len) != NULL)
        r->pem_wrong = "is empty or contains a NUL";
    else if (!secret_append(r->pem, value->text))
        r->pem_wrong = "is too long for a key";
    r->pem_seen = true;
}

static bool read_key(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct key_reading *r = context;
    if (strcmp(value->path, "kid") == 0)
        return read_id(value, r->kid, API_ID_MAX, err);
    if (r->pem != NULL && strcmp(value->path, "privateKey") == 0)
        read_private_key(r, value);
    return answer_root(value, err);
}

bool answer_key(struct span body, char kid[static API_ID_MAX], struct secret *pem, struct ssa_error *err)
{
    memset(kid, 0, API_ID_MAX);
    struct key_reading r = {.kid = kid, .pem = pem};
    bool ok = answer_read(body, read_key, &r, err);
    if (pem == NULL)
        return kid[0] != '\0';
    if (ok && kid[0] == '\0')
        ok = answer_lacks(err, "kid");
    if (ok && r.pem_wrong != NULL)
        ok = answer_wrong(err, "privateKey", r.pem_wrong);
    if (ok && !r.pem_seen)
        ok = answer_lacks(err, "privateKey");
    if (!ok)
        secret_clear(pem);
    return ok;
}
