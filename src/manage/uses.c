// What on this host names a key or an account.
#include "manage/uses.h"

#include <ctype.h>

#include "config/settings.h"
#include "core/text.h"
#include "manage/profile_files.h"
#include "manage/undo.h"
#include "signer/api_client.h"

// Whether the line has the id as a word.
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

// A line that is a comment names nothing.
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

// *names: whether the text has the id, as it stands or as a URI writes it.
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
    error_set(err, SSA_CONFIG, NULL, where, "names the %s %s, which therefore is left", use->thing, use->id);
    return error_hint(err, "If nothing needs it any more, take it out of there or remove the file, then run "
                           "this again.");
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

bool use_none(const struct use *use, struct ssa_error *err)
{
    struct use copy = *use;
    return (!use->by_environment || not_in_environment(use, err)) &&
           profile_files_each(use->run, use->entry, visit, &copy, err);
}

// What a list is compared with: one of an account's keys, or one of accounts.
struct belief {
    const struct ssa_run *run;
    const char *account, *replaced;
    const struct api_ids *before;
    const struct aps_keys *keys;
    const struct aps_accounts *accounts;
};

// A profile without a client id or a server is used with those of the environment.
static bool is_of_this_client(const struct ssa_run *run, const struct profile_said *said)
{
    const char *client = settings_get(run->settings, SET_CLIENT_ID, NULL);
    const char *base = settings_from(run->settings, FROM_OPTION, SET_BASE_URL);
    if (!text_present(base))
        base = settings_from(run->settings, FROM_ENVIRONMENT, SET_BASE_URL);
    if (said->base_url[0] != '\0')
        base = said->base_url;
    return (said->client_id[0] == '\0' || (client != NULL && strcmp(said->client_id, client) == 0)) &&
           strcmp(text_present(base) ? base : APS_BASE_URL, settings_base_url(run->settings)) == 0;
}

static bool lacks_key(const struct belief *belief, const struct profile_said *said)
{
    return said->key_id[0] != '\0' && strcmp(said->account, belief->account) == 0 &&
           (belief->before == NULL || api_ids_have(belief->before, said->key_id)) &&
           !keys_have(belief->keys, said->key_id);
}

static bool lacks_account(const struct belief *belief, const struct profile_said *said, const char *path)
{
    if (said->account[0] == '\0' || strcmp(path, belief->replaced) == 0)
        return false;
    for (size_t i = 0; i < belief->accounts->count; i++)
        if (strcmp(belief->accounts->list[i].id, said->account) == 0)
            return false;
    return true;
}

static bool compare(void *context, const char *path, const struct secret *text, struct ssa_error *err)
{
    const struct belief *belief = context;
    struct profile_said said;
    const bool of_keys = belief->keys != NULL;
    if (!profile_say(text, &said) || !is_of_this_client(belief->run, &said) ||
        !(of_keys ? lacks_key(belief, &said) : lacks_account(belief, &said, path)))
        return true;
    error_set(err, SSA_CONFIG, NULL, path,
              "names the %s %s, which the API does not list: what it says of the others is not believed",
              of_keys ? "key" : "account", of_keys ? said.key_id : said.account);
    return error_hint(err, "Check SSA_HSM_BASE_URL. If it is gone indeed, remove that profile; then run this "
                           "again.");
}

bool use_believes_keys(const struct ssa_run *run, const char *account, const struct api_ids *before,
                       const struct aps_keys *keys, struct ssa_error *err)
{
    struct belief belief = {.run = run, .account = account, .before = before, .keys = keys};
    return profile_files_each(run, NULL, compare, &belief, err);
}

bool use_believes_accounts(const struct ssa_run *run, const struct entry *entry,
                           const struct aps_accounts *accounts, struct ssa_error *err)
{
    struct belief belief = {.run = run, .replaced = entry->profile, .accounts = accounts};
    return profile_files_each(run, NULL, compare, &belief, err);
}
