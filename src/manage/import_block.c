// What the file of an existing key says.
#include "manage/import_block.h"

#include <ctype.h>

#include "config/dotenv.h"
#include "config/profile_block.h"
#include "core/base64.h"
#include "core/rsa_key.h"
#include "core/text.h"
#include "manage/import_comment.h"

// A line of base64 that is shorter than this is no key.
enum { KEY_TEXT_MIN = 1000 };

// The names that are found in samples and blocks of all kinds.
struct spelling {
    const char *name;
    enum setting id;
};

static const struct spelling whole[] = {
    {"APS_CLIENT_ID", SET_CLIENT_ID},         {"APS_SECRET_ID", SET_CLIENT_SECRET},
    {"APS_CLIENT_SECRET", SET_CLIENT_SECRET}, {"SERVICE_ACCOUNT_ID", SET_ACCOUNT_ID},
    {"SERVICE_ACCOUNT_EMAIL", SET_EMAIL},     {"KEY_ID", SET_KEY_ID},
    {"PRIVATE_KEY", SET_PRIVATE_KEY},         {"PRIVATE_KEY_BASE64", SET_PRIVATE_KEY},
};

// What may follow one of the prefixes.
static const char *const prefixes[] = {"APS_SA_", "APS_SSA_", "SSA_"};

static const struct spelling prefixed[] = {
    {"CLIENT_ID", SET_CLIENT_ID},
    {"CLIENT_SECRET", SET_CLIENT_SECRET},
    {"SECRET_ID", SET_CLIENT_SECRET},
    {"ID", SET_ACCOUNT_ID},
    {"ACCOUNT_ID", SET_ACCOUNT_ID},
    {"SERVICE_ACCOUNT_ID", SET_ACCOUNT_ID},
    {"EMAIL", SET_EMAIL},
    {"KEY_ID", SET_KEY_ID},
    {"KEY", SET_PRIVATE_KEY},
    {"PRIVATE_KEY", SET_PRIVATE_KEY},
    {"KEY_BASE64", SET_PRIVATE_KEY},
    {"PRIVATE_KEY_BASE64", SET_PRIVATE_KEY},
};

static enum setting spelled(const struct spelling *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].id;
    return SETTING_COUNT;
}

// What follows the prefix of a sample; NULL without one.
static const char *behind_prefix(const char *name)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return name + strlen(prefixes[i]);
    return NULL;
}

// The setting that a name of an old block stands for, in any spelling; SETTING_COUNT for another name.
static enum setting old_name(const char *name)
{
    const char *rest = behind_prefix(name);
    const enum setting id = spelled(whole, sizeof whole / sizeof whole[0], name);
    return id != SETTING_COUNT || rest == NULL
               ? id
               : spelled(prefixed, sizeof prefixed / sizeof prefixed[0], rest);
}

static bool is_key_path(const char *name)
{
    const char *rest = behind_prefix(name);
    return strcmp(name, "PRIVATE_KEY_PATH") == 0 ||
           (rest != NULL && (strcmp(rest, "KEY_PATH") == 0 || strcmp(rest, "PRIVATE_KEY_PATH") == 0));
}

bool old_name_is_replaced(const char *name, bool with_secret)
{
    const enum setting id = old_name(name);
    if (id == SET_CLIENT_SECRET)
        return with_secret;
    return id != SETTING_COUNT || is_key_path(name) || profile_block_has(name, with_secret);
}

// ---- Names

struct visit {
    struct old_block *old;
    const char *file;
    const char *(*in_use)(const void *, enum setting);
    const void *context;
};

static bool contradiction(const char *file, const char *first, const char *second, struct ssa_error *err)
{
    if (strcmp(first, second) == 0)
        error_set(err, SSA_CONFIG, NULL, file, "sets %s twice, to different values", first);
    else
        error_set(err, SSA_CONFIG, NULL, file, "%s and %s say the same thing differently", first, second);
    return error_hint(err, "Leave the one that is meant.");
}

static bool take_once(const struct visit *v, const struct assignment *a, const char **value,
                      const char **name, struct ssa_error *err)
{
    if (*value != NULL && strcmp(*value, a->value) != 0)
        return contradiction(v->file, *name, a->name, err);
    *value = a->value;
    *name = a->name;
    return true;
}

static bool take_key(const struct visit *v, const struct assignment *a, struct ssa_error *err)
{
    struct old_block *old = v->old;
    if (old->key_count == OLD_KEYS_MAX)
        return error_set(err, SSA_CONFIG, NULL, v->file, "holds more than %u private keys", OLD_KEYS_MAX);
    old->keys[old->key_count].name = a->name;
    old->keys[old->key_count++].value = a->value;
    return true;
}

// What has no home in the new profile. A setting that is in use at the same value has one.
static void take_other(const struct visit *v, const struct assignment *a)
{
    struct old_block *old = v->old;
    const enum setting id = setting_find(a->name, strlen(a->name));
    const char *used =
        id == SETTING_COUNT || !profile_block_has(a->name, true) ? NULL : v->in_use(v->context, id);
    if (used != NULL && strcmp(used, a->value) == 0)
        return;
    if (id != SETTING_COUNT && profile_block_has(a->name, true) && old->kept.name == NULL) {
        old->kept.name = a->name;
        old->kept.value = a->value;
    }
    if (old->other[0] == '\0')
        (void)text_format(old->other, sizeof old->other, "%.100s", a->name);
}

static bool take(void *context, const struct assignment *a, struct ssa_error *err)
{
    const struct visit *v = context;
    const enum setting id = old_name(a->name);
    if (a->value[0] == '\0')
        return true;
    if (id == SET_PRIVATE_KEY)
        return take_key(v, a, err);
    if (id == SETTING_COUNT && !is_key_path(a->name)) {
        take_other(v, a);
        return true;
    }
    if (a->ambiguous) {
        error_set(err, SSA_CONFIG, NULL, v->file, "line %zu has a backslash between double quotes in %s",
                  a->line, a->name);
        return error_hint(err, "Shell and dotenv libraries disagree on what that means: use single quotes.");
    }
    return id == SETTING_COUNT ? take_once(v, a, &v->old->key_path, &v->old->key_path_name, err)
                               : take_once(v, a, &v->old->values[id], &v->old->names[id], err);
}

bool old_block_read(struct secret *text, const char *file, const char *(*in_use)(const void *, enum setting),
                    const void *context, struct old_block *old, struct ssa_error *err)
{
    *old = (struct old_block){0};
    struct visit visit = {.old = old, .file = file, .in_use = in_use, .context = context};
    // Before the text is taken apart.
    (void)old_comment_find(secret_text(text), false, old->other, sizeof old->other);
    (void)old_comment_find(secret_text(text), true, old->behind, sizeof old->behind);
    return dotenv_read(text, file, take, &visit, err);
}

// ---- The key

static bool is_base64(const char *text, size_t len)
{
    size_t characters = 0;
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    while (len > 0 && text[len - 1] == '=')
        len--;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (!isalnum(c) && strchr("+/-_ \t\r\n", c) == NULL)
            return false;
        characters += !isspace(c);
    }
    return characters >= KEY_TEXT_MIN;
}

// Editors of other systems put a byte order mark before a text.
static const char *behind_mark(const char *text)
{
    static const char mark[] = "\xef\xbb\xbf";
    return strncmp(text, mark, sizeof mark - 1) == 0 ? text + sizeof mark - 1 : text;
}

bool old_text_is_key(const struct secret *text)
{
    // A block has its PEM behind "PRIVATE_KEY=".
    const char *all = behind_mark(secret_text(text));
    const char *begin = strstr(all, "-----BEGIN ");
    const char *equals = strchr(all, '=');
    return begin != NULL ? equals == NULL || begin < equals : is_base64(all, strlen(all));
}

static void drop_mark(struct secret *pem)
{
    const size_t len = (size_t)(behind_mark(secret_text(pem)) - secret_text(pem));
    memmove(pem->data, pem->data + len, pem->len - len);
    wipe(pem->data + pem->len - len, len);
    pem->len -= len;
    pem->data[pem->len] = 0;
}

// JSON writers and some dotenv libraries write a PEM on one line, its breaks as \n (or \r\n).
static void restore_line_breaks(struct secret *pem)
{
    size_t to = 0;
    for (size_t i = 0; i < pem->len; i++) {
        const bool escape = pem->data[i] == '\\' && i + 1 < pem->len;
        if (escape && (pem->data[i + 1] == 'n' || pem->data[i + 1] == 'r')) {
            pem->data[to++] = pem->data[++i] == 'n' ? '\n' : '\r';
            continue;
        }
        pem->data[to++] = pem->data[i];
    }
    wipe(pem->data + to, pem->len - to);
    pem->len = to;
    pem->data[to] = 0;
}

static bool is_private(const char *label, size_t len)
{
    static const char ending[] = "PRIVATE KEY";
    return len >= sizeof ending - 1 &&
           memcmp(label + len - (sizeof ending - 1), ending, sizeof ending - 1) == 0;
}

static bool only_blanks(const char *from, const char *to)
{
    while (from < to && isspace((unsigned char)*from))
        from++;
    return from == to;
}

// What the PEM has beside one private key.
static bool look_around(const struct secret *pem, const char *file, char beside[static OLD_NAME_MAX],
                        struct ssa_error *err)
{
    static const char begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";
    const char *at = secret_text(pem);
    size_t keys = 0;
    for (const char *start; (start = strstr(at, begin)) != NULL;) {
        const char *label = start + sizeof begin - 1;
        const size_t len = strcspn(label, "-\n");
        keys += is_private(label, len);
        if (!is_private(label, len) && beside[0] == '\0')
            (void)text_format(beside, OLD_NAME_MAX, "a PEM block \"%.*s\"", len < 60 ? (int)len : 60, label);
        if (!only_blanks(at, start) && beside[0] == '\0')
            (void)text_format(beside, OLD_NAME_MAX, "text beside the PEM block");
        const char *stop = strstr(label, end);
        const char *last = stop == NULL ? NULL : strstr(stop + sizeof end - 1, dashes);
        at = last == NULL ? secret_text(pem) + pem->len : last + sizeof dashes - 1;
    }
    if (!only_blanks(at, secret_text(pem) + pem->len) && beside[0] == '\0')
        (void)text_format(beside, OLD_NAME_MAX, "text beside the PEM block");
    if (keys <= 1)
        return true;
    error_set(err, SSA_CONFIG, NULL, file, "holds %zu private keys, and which one is meant cannot be told",
              keys);
    return error_hint(err, "Put that one into a file of its own.");
}

bool old_key_take(struct secret *pem, const char *text, const char *file, char beside[static OLD_NAME_MAX],
                  struct ssa_error *err)
{
    secret_clear(pem);
    if (!secret_append_text(pem, behind_mark(text)))
        return error_set(err, SSA_CONFIG, NULL, file, "the private key is longer than %u bytes", PEM_MAX);
    if (strstr(secret_text(pem), "-----BEGIN ") == NULL && is_base64(secret_text(pem), pem->len) &&
        !base64_decode(pem)) {
        error_set(err, SSA_CONFIG, NULL, file, "the private key looks like base64, but is none");
        return error_hint(err, "Was a part of it lost? `base64 -w 0 KEY.pem` writes it anew.");
    }
    drop_mark(pem);
    restore_line_breaks(pem);
    secret_drop_newline(pem);
    return look_around(pem, file, beside, err);
}

bool old_block_key(struct old_block *old, const char *file, struct secret *pem, struct ssa_error *err)
{
    SECRET_AUTO again = {0};
    if (!old_key_take(pem, old->keys[0].value, file, old->beside, err) || !secret_new(&again, PEM_MAX, err) ||
        !secret_must_be_locked(&again, err))
        return false;
    for (size_t i = 1; i < old->key_count; i++) {
        if (!old_key_take(&again, old->keys[i].value, file, old->beside, err))
            return false;
        if (!span_equal(secret_span(pem), secret_span(&again)))
            return contradiction(file, old->keys[0].name, old->keys[i].name, err);
    }
    return true;
}
