#include "ownership/uses.h"

#include <ctype.h>

#include "config/settings.h"
#include "core/text.h"
#include "ownership/profile_files.h"

static bool has_word(struct span line, struct span id)
{
    for (size_t at = 0; id.len > 0 && at + id.len <= line.len; at++)
        if (memcmp(line.data + at, id.data, id.len) == 0 && (at == 0 || !isalnum(line.data[at - 1])) &&
            (at + id.len == line.len || !isalnum(line.data[at + id.len])))
            return true;
    return false;
}

static unsigned hex_digit(uint8_t c)
{
    return (unsigned)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
}

// Undoes the percent-encoding of a URI (RFC 3986 section 2.1), in place.
static void decode(struct secret *text)
{
    size_t used = 0;
    for (size_t i = 0; i < text->len; i++) {
        const uint8_t *at = text->data + i;
        unsigned byte = *at;
        if (byte == '%' && i + 2 < text->len && isxdigit(at[1]) && isxdigit(at[2])) {
            byte = hex_digit(at[1]) << 4 | hex_digit(at[2]);
            i += 2;
        }
        text->data[used++] = (uint8_t)byte;
    }
    text->len = used;
}

static bool is_comment(struct span line)
{
    size_t i = 0;
    while (i < line.len && (line.data[i] == ' ' || line.data[i] == '\t'))
        i++;
    return i < line.len && line.data[i] == '#';
}

static bool names_in_lines(struct span text, const char *id)
{
    for (size_t at = 0; at < text.len;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        const size_t len = end == NULL ? text.len - at : (size_t)(end - (text.data + at));
        const struct span line = span_of(text.data + at, len);
        if (!is_comment(line) && has_word(line, span_text(id)))
            return true;
        at += len + 1;
    }
    return false;
}

// *names: whether the text has the id, as it is or percent-encoded as in a URI.
static bool look(const struct secret *text, const char *id, bool *names, struct ssa_error *err)
{
    SECRET_AUTO decoded = {0};
    *names = names_in_lines(secret_span(text), id);
    if (*names)
        return true;
    if (!secret_new(&decoded, text->len + 1, err) || !secret_append(&decoded, secret_span(text)))
        return false;
    decode(&decoded);
    *names = names_in_lines(secret_span(&decoded), id);
    return true;
}

static bool is_named(struct ssa_error *err, const struct use *use, const char *where)
{
    error_set(err, SSA_CONFIG, NULL, where, "names the %s %s, which therefore was not deleted", use->thing, use->id);
    return error_hint(err, "If nothing needs it any more, remove it there, or remove the file. Then run this "
                           "again.");
}

static bool visit(void *context, const char *path, const struct secret *text, struct ssa_error *err)
{
    const struct use *use = context;
    struct profile_said said;
    bool names = false;
    if (!look(text, use->id, &names, err))
        return false;
    if (!names || (use->on_token && profile_say(text, &said) && said.key_is_pem))
        return true;
    return is_named(err, use, path);
}

static bool not_in_environment(const struct use *use, struct ssa_error *err)
{
    static const enum setting unit[] = {SET_ACCOUNT_ID, SET_KEY_ID, SET_PRIVATE_KEY};
    const char *key = settings_from(use->run->settings, FROM_ENVIRONMENT, SET_PRIVATE_KEY);
    if (use->on_token && key != NULL && strstr(key, "-----BEGIN") != NULL)
        return true;
    for (size_t i = 0; i < sizeof unit / sizeof unit[0]; i++) {
        const char *value = settings_from(use->run->settings, FROM_ENVIRONMENT, unit[i]);
        SECRET_AUTO text = {0};
        bool names = false;
        if (!text_present(value))
            continue;
        if (!secret_new(&text, strlen(value), err) || !secret_append_text(&text, value) ||
            !look(&text, use->id, &names, err))
            return false;
        if (names)
            return is_named(err, use, "the environment");
    }
    return true;
}

bool uses_none(const struct use *use, struct ssa_error *err)
{
    struct use copy = *use;
    return (!use->by_environment || not_in_environment(use, err)) &&
           profile_files_each(use->run, use->entry, visit, &copy, err);
}
