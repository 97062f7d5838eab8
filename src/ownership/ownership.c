#include "ownership/ownership.h"

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

// Undoes the percent-encoding of a URI (RFC 3986 section 2.1), in place.
static void decode(struct secret *text)
{
    size_t used = 0;
    for (size_t i = 0; i < text->len; i++) {
        const uint8_t *at = text->data + i;
        int byte = *at;
        if (byte == '%' && i + 2 < text->len && isxdigit(at[1]) && isxdigit(at[2])) {
            byte = text_hex_digit((char)at[1]) << 4 | text_hex_digit((char)at[2]);
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

static bool check_file(void *context, const char *path, const struct secret *text, struct ssa_error *err)
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
           profile_files_each(use->run, use->entry, check_file, &copy, err);
}

static bool is_anothers(struct ssa_error *err, const char *subject, const char *what)
{
    return error_because(err, SSA_CONFIG, SSA_REASON_ANOTHERS, subject, "%s", what);
}

// The journal must say that no object had this id, and which key was imported with it. A completed operation has
// certainly made the key.
static bool is_what_came_in(const struct entry *entry, const struct key *key, struct ssa_error *err)
{
    char hash[FINGERPRINT_TEXT];
    if (!entry->id_was_free && entry->outcome != OUTCOME_DONE)
        return is_anothers(err, entry->key_uri,
                           "the journal does not say that the token held nothing with this id before");
    // An incomplete object has no modulus. Entries of earlier versions have none either.
    if (key->modulus_len == 0 || (entry->modulus[0] == '\0' && entry->outcome == OUTCOME_DONE))
        return true;
    fingerprint(span_of(key->modulus, key->modulus_len), hash);
    return strcmp(hash, entry->modulus) == 0 ||
           is_anothers(err, entry->key_uri, "the token holds another key with this id");
}

bool ownership_key_may_go(const struct ssa_run *run, const struct entry *entry, const char *kid,
                          const struct key *on_token, struct ssa_error *err)
{
    const struct use use = {.run = run,
                            .entry = entry,
                            .id = kid,
                            .thing = "key",
                            .on_token = entry->operation == OP_KEY_IMPORT,
                            .by_environment = true};
    if (api_ids_have(&entry->before, kid) || strcmp(kid, entry->old_kid) == 0)
        return is_anothers(err, kid, "the account had this key before");
    return (on_token == NULL || is_what_came_in(entry, on_token, err)) && uses_none(&use, err);
}

// Times are whole seconds, and a server makes a key while the request waits: a key that appears later is somebody
// else's.
enum { GRAIN_S = 1, SERVER_TAKES_S = 10 };

bool ownership_window_has(const struct window *window, bool known, time_t made_at)
{
    return known && window->from != 0 && made_at >= window->from && made_at <= window->from + SERVER_TAKES_S &&
           (window->until == 0 || made_at <= window->until + GRAIN_S);
}

bool ownership_made_within(const struct window *window, const struct aps_key *key)
{
    const bool used = key->has_created_at && key->has_accessed_at && key->accessed_at > key->created_at + GRAIN_S;
    return !used && ownership_window_has(window, key->has_created_at, key->created_at);
}

bool ownership_account_is_unused(const struct ssa_run *run, const struct entry *entry, const char *id,
                                 struct ssa_error *err)
{
    const struct use use = {.run = run, .entry = entry, .id = id, .thing = "account", .by_environment = true};
    return uses_none(&use, err);
}

// Both times are by the server's clock.
static bool is_younger(const struct entry *entry, const struct aps_account *account, struct ssa_error *err)
{
    if (account->has_created_at && entry->account_asked != 0 && account->created_at >= entry->account_asked)
        return true;
    return is_anothers(err, account->id,
                       account->has_created_at && entry->account_asked != 0
                           ? "the account is older than the request for one"
                           : "it is not known whether the account is older than the request for one");
}

bool ownership_account_may_go(const struct ssa_run *run, struct oauth_client *client, const struct entry *entry,
                              const char *id, bool *gone, struct ssa_error *err)
{
    struct aps_account account;
    *gone = false;
    if (!ownership_account_is_unused(run, entry, id, err))
        return false;
    if (aps_account_get(client, id, &account, err))
        return is_younger(entry, &account, err);
    *gone = aps_is_gone(err);
    return *gone;
}

bool ownership_is_new(const struct ssa_run *run, const struct entry *entry, const char *thing, const char *id,
                      struct ssa_error *err)
{
    struct ssa_error why = {0};
    const struct use use = {.run = run, .entry = entry, .id = id, .thing = thing, .by_environment = true};
    if (api_ids_have(&entry->before, id))
        return error_because(err, SSA_NETWORK, SSA_REASON_ANSWERED_BY_ANOTHER, id,
                             "the API has answered with the id of a key that the account had before");
    // A file that cannot be read is not a reason to stop here.
    if (uses_none(&use, &why) || why.domain == SSA_DOMAIN_ERRNO)
        return true;
    return error_because(err, SSA_NETWORK, SSA_REASON_ANSWERED_BY_ANOTHER, why.subject,
                         "names the %s %s, but the API has answered with that id for a new one", thing, id);
}

// The list that profiles are compared with: of an account's keys, or of accounts.
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
           strcmp(text_present(base) ? base : setting_default(SET_BASE_URL), settings_base_url(run->settings)) == 0;
}

static bool lacks_key(const struct belief *belief, const struct profile_said *said)
{
    return said->key_id[0] != '\0' && strcmp(said->account, belief->account) == 0 &&
           (belief->before == NULL || api_ids_have(belief->before, said->key_id)) &&
           aps_key_in(belief->keys, said->key_id) == NULL;
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
    return error_because(err, SSA_CONFIG, SSA_REASON_LIST_NOT_BELIEVED, path,
                         "names the %s %s, which is not in the API's list: so that list is not believed",
                         of_keys ? "key" : "account", of_keys ? said.key_id : said.account);
}

bool believed_keys(const struct ssa_run *run, const char *account, const struct api_ids *before,
                   const struct aps_keys *keys, struct ssa_error *err)
{
    struct belief belief = {.run = run, .account = account, .before = before, .keys = keys};
    return profile_files_each(run, NULL, compare, &belief, err);
}

bool believed_accounts(const struct ssa_run *run, const struct entry *entry, const struct aps_accounts *accounts,
                       struct ssa_error *err)
{
    struct belief belief = {.run = run, .replaced = entry->profile, .accounts = accounts};
    return profile_files_each(run, NULL, compare, &belief, err);
}

bool believed_keys_since(struct oauth_client *client, const struct ssa_run *run, const char *account,
                         const struct api_ids *before, struct aps_keys *fresh, struct ssa_error *err)
{
    struct aps_keys now = {0};
    *fresh = (struct aps_keys){0};
    if (!aps_key_list(client, account, &now, err) || !believed_keys(run, account, before, &now, err))
        return false;
    for (size_t i = 0; i < now.count; i++)
        if (!api_ids_have(before, now.list[i].kid))
            fresh->list[fresh->count++] = now.list[i];
    return true;
}
