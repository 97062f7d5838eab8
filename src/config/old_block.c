#include "config/old_block.h"

#include <assert.h>
#include <ctype.h>

#include "config/dotenv.h"
#include "config/old_json.h"
#include "config/old_names.h"
#include "config/profile_block.h"
#include "core/base64.h"
#include "core/file_mark.h"
#include "core/rsa_key.h"
#include "core/text.h"

struct visit {
    struct old_block *old;
    const char *file;
    const struct ssa_settings *in_use;
};

static bool contradiction(const char *file, const char *first, const char *second, struct ssa_error *err)
{
    if (strcmp(first, second) == 0)
        error_set(err, SSA_CONFIG, NULL, file, "sets %s twice, to different values", first);
    else
        error_set(err, SSA_CONFIG, NULL, file, "%s and %s mean the same, but have different values", first, second);
    return error_hint(err, "Remove the wrong one.");
}

static bool take_once(const struct visit *v, const struct assignment *a, const char **value, const char **name,
                      struct ssa_error *err)
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

// Notes what the new profile will not have. It has a setting that is in use with the same value.
static void take_other(const struct visit *v, const struct assignment *a)
{
    struct old_block *old = v->old;
    const enum setting id = setting_find(a->name, strlen(a->name));
    const char *used = id == SETTING_COUNT || !profile_block_has(a->name) ? NULL : settings_get(v->in_use, id, NULL);
    if (used != NULL && strcmp(used, a->value) == 0)
        return;
    if (id != SETTING_COUNT && profile_block_has(a->name) && old->kept.name == NULL) {
        old->kept.name = a->name;
        old->kept.value = a->value;
    }
    if (old->other[0] == '\0')
        text_harmless(old->other, sizeof old->other, span_text(a->name));
}

static bool take(void *context, const struct assignment *a, struct ssa_error *err)
{
    const struct visit *v = context;
    const enum setting id = old_name_setting(a->name);
    if (a->value[0] == '\0')
        return true;
    if (id == SET_PRIVATE_KEY)
        return take_key(v, a, err);
    if (id == SETTING_COUNT && !old_name_is_key_path(a->name)) {
        take_other(v, a);
        return true;
    }
    if (a->ambiguous) {
        error_set(err, SSA_CONFIG, NULL, v->file, "line %zu has a backslash between double quotes in %s", a->line,
                  a->name);
        return error_hint(err, "The shell and dotenv libraries read that differently: use single quotes.");
    }
    return id == SETTING_COUNT ? take_once(v, a, &v->old->key_path, &v->old->key_path_name, err)
                               : take_once(v, a, &v->old->values[id], &v->old->names[id], err);
}

// A comment that is wrongly taken for a value makes the import refuse. One that is wrongly taken for prose is lost. So
// the rules here take too much rather than too little.

// A word of this length with letters and digits may be an id, a password or a key.
enum { SECRET_WORD_MIN = 16, NAME_MAX_SHOWN = 80 };

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

static const char *behind_blanks(const char *at, const char *end)
{
    while (at < end && (isblank((unsigned char)*at) || *at == '\r'))
        at++;
    return at;
}

// Finds the name before the "=" or ":" at "at", without its quotes. Returns its length, 0 where there is none.
static size_t name_before(const char *begin, const char *at, const char **name)
{
    while (at > begin && (isblank((unsigned char)at[-1]) || is_quote(at[-1])))
        at--;
    const char *const end = at;
    while (at > begin && is_name(at[-1]))
        at--;
    *name = at;
    return (size_t)(end - at);
}

// A ruled line ("====="), a URL's "://" and a time of day give no value.
static bool gives_value(const char *at, const char *end)
{
    const char *value = behind_blanks(at + 1, end);
    if (value == end || *value == '=' || *value == ':')
        return false;
    if (*at == '=')
        return true;
    return strncmp(at, "://", 3) != 0 && !(isdigit((unsigned char)at[-1]) && isdigit((unsigned char)at[1]));
}

static bool find_value(const char *comment, const char *end, char out[static OLD_NAME_MAX])
{
    for (const char *at = comment; at < end; at++) {
        const char *name = NULL;
        const size_t len = *at == '=' || *at == ':' ? name_before(comment, at, &name) : 0;
        if (len == 0 || !gives_value(at, end))
            continue;
        return text_format(out, OLD_NAME_MAX, "%.*s in a comment", (int)(len < NAME_MAX_SHOWN ? len : NAME_MAX_SHOWN),
                           name);
    }
    return false;
}

static bool may_be_secret(const char *word, size_t len)
{
    bool letter = false, digit = false;
    for (size_t i = 0; i < len; i++) {
        letter |= isalpha((unsigned char)word[i]) != 0;
        digit |= isdigit((unsigned char)word[i]) != 0;
        if (word[i] == ':')
            return false;
    }
    return len >= SECRET_WORD_MIN && letter && digit;
}

static bool find_secret(const char *comment, const char *end, char out[static OLD_NAME_MAX])
{
    for (const char *at = comment; at < end;) {
        const char *word = at = behind_blanks(at, end);
        while (at < end && !isspace((unsigned char)*at))
            at++;
        if (!may_be_secret(word, (size_t)(at - word)))
            continue;
        return text_format(out, OLD_NAME_MAX, "a possible secret in a comment");
    }
    return false;
}

// A "#" begins a comment at the start of a line, after a blank, and after a closing quote.
static const char *comment_of(const char *line, const char *end)
{
    for (const char *at = line; at < end; at++)
        if (*at == '#' && (at == line || isblank((unsigned char)at[-1]) || is_quote(at[-1])))
            return at + 1;
    return end;
}

// Looks for a comment of a dotenv text that gives a name a value ("# NAME=value", "# name: value") or that may hold a
// secret. Describes the first one in a few words, with its name but without its value. False where there is none. With
// behind_values it looks only at comments that follow a value on its line.
static bool find_comment(const char *text, bool behind_values, char out[static OLD_NAME_MAX])
{
    for (const char *line = text; *line != '\0';) {
        const char *const end = line + strcspn(line, "\r\n");
        const char *const comment = comment_of(line, end);
        const bool looked_for = !behind_values || behind_blanks(line, end) + 1 < comment;
        if (looked_for && (find_value(comment, end, out) || find_secret(comment, end, out)))
            return true;
        line = end + strspn(end, "\r\n");
    }
    return false;
}

// A text of base64 that is shorter than this is not a key.
enum { KEY_TEXT_MIN = 1000 };

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
    if (old_json_is(text))
        return false;
    // In a block, the PEM comes after "PRIVATE_KEY=".
    const char *all = behind_mark(secret_text(text));
    const char *begin = strstr(all, "-----BEGIN ");
    const char *equals = strchr(all, '=');
    return begin != NULL ? equals == NULL || begin < equals : is_base64(all, strlen(all));
}

static void drop_mark(struct secret *pem)
{
    const size_t len = (size_t)(behind_mark(secret_text(pem)) - secret_text(pem));
    memmove(pem->data, pem->data + len, pem->len - len);
    secret_wipe(pem->data + pem->len - len, len);
    pem->len -= len;
    pem->data[pem->len] = 0;
}

// JSON writers and some dotenv libraries write a PEM on one line, with \n (or \r\n) for its line breaks.
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
    secret_wipe(pem->data + to, pem->len - to);
    pem->len = to;
    pem->data[to] = 0;
}

static bool is_private(const char *label, size_t len)
{
    static const char ending[] = "PRIVATE KEY";
    return len >= sizeof ending - 1 && memcmp(label + len - (sizeof ending - 1), ending, sizeof ending - 1) == 0;
}

static bool only_blanks(const char *from, const char *to)
{
    while (from < to && isspace((unsigned char)*from))
        from++;
    return from == to;
}

static void describe_text(char beside[static OLD_NAME_MAX])
{
    static const char text[] = "text beside the PEM block";
    static_assert(sizeof text <= OLD_NAME_MAX, "the text fits");
    memcpy(beside, text, sizeof text);
}

// Looks for anything beside one private key.
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
        if (!is_private(label, len) && beside[0] == '\0' &&
            !text_format(beside, OLD_NAME_MAX, "a PEM block \"%.*s\"", (int)len, label))
            describe_text(beside);
        if (!only_blanks(at, start) && beside[0] == '\0')
            describe_text(beside);
        const char *stop = strstr(label, end);
        const char *last = stop == NULL ? NULL : strstr(stop + sizeof end - 1, dashes);
        at = last == NULL ? secret_text(pem) + pem->len : last + sizeof dashes - 1;
    }
    if (!only_blanks(at, secret_text(pem) + pem->len) && beside[0] == '\0')
        describe_text(beside);
    if (keys <= 1)
        return true;
    error_set(err, SSA_CONFIG, NULL, file, "holds %zu private keys, and it is not known which one is meant", keys);
    return error_hint(err, "Put the right one into a file of its own.");
}

bool old_key_take(struct secret *pem, const char *text, const char *file, char beside[static OLD_NAME_MAX],
                  struct ssa_error *err)
{
    secret_clear(pem);
    if (!secret_append_text(pem, behind_mark(text)))
        return error_set(err, SSA_CONFIG, NULL, file, "the private key is longer than %u bytes", PEM_MAX);
    if (strstr(secret_text(pem), "-----BEGIN ") == NULL && is_base64(secret_text(pem), pem->len) &&
        !base64_decode(pem)) {
        error_set(err, SSA_CONFIG, NULL, file, "the private key looks like base64, but it cannot be decoded");
        return error_hint(err, "Was a part of it lost? `base64 -w 0 KEY.pem` writes it again.");
    }
    drop_mark(pem);
    restore_line_breaks(pem);
    secret_drop_newline(pem);
    return look_around(pem, file, beside, err);
}

bool old_block_read(struct secret *text, const char *file, const struct ssa_settings *in_use, struct old_block *old,
                    struct ssa_error *err)
{
    *old = (struct old_block){0};
    struct visit visit = {.old = old, .file = file, .in_use = in_use};
    if (old_json_is(text))
        return old_json_read(text, file, take, &visit, err);
    // This comes before dotenv_read, which changes the text.
    (void)find_comment(secret_text(text), false, old->other);
    (void)find_comment(secret_text(text), true, old->behind);
    return dotenv_read(text, file, take, &visit, err);
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

// A relative path is one from a program's working folder, which usually is the block's folder, too.
bool old_block_key_path(const struct old_block *old, const char *file, char path[static PATH_TEXT_MAX],
                        struct ssa_error *err)
{
    struct stat beside, here;
    const char *slash = file != NULL ? strrchr(file, '/') : NULL;
    if (old->key_path[0] == '/' || slash == NULL)
        return path_format(path, err, "%s", old->key_path);
    if (!path_format(path, err, "%.*s/%s", (int)(slash - file), file, old->key_path))
        return false;
    const bool is_beside = stat(path, &beside) == 0, is_here = stat(old->key_path, &here) == 0;
    if (is_beside && is_here && !file_is_same(&beside, &here)) {
        error_set(err, SSA_CONFIG, NULL, file, "its %s may be %s or %s", old->key_path_name, path, old->key_path);
        return error_hint(err, "Write the whole path there.");
    }
    return is_beside || !is_here || path_format(path, err, "%s", old->key_path);
}
