#include "config/old_key.h"

#include <assert.h>
#include <ctype.h>

#include "config/old_json.h"
#include "core/base64.h"
#include "core/rsa_key.h"
#include "core/text.h"

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
