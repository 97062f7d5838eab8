#include "signer/token_cache.h"

#include <stdlib.h>
#include <unistd.h>

#include "config/record_folder.h"
#include "core/callback.h"
#include "core/codec.h"
#include "core/file_lock.h"
#include "core/text.h"
#include "keyring/container.h"
#include "oauth/grant.h"
#include "oauth/oauth.h"

// How long a process waits for another one that fetches the same access token. It then fetches one, too.
enum { OTHERS_FETCH_MS = 10000 };

enum { IDENTITY_MAX = 2 * SCOPE_MAX };

// Less than 0, 0, or more, as memcmp.
static int compare(struct span a, struct span b)
{
    const int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

// The first name after the given one in the order of their bytes; empty for none.
static struct span next_scope(const char *scopes, struct span after)
{
    struct span next = span_text("");
    for (const char *at = scopes; *at != '\0'; at += strspn(at, " ")) {
        const struct span name = span_of(at, strcspn(at, " "));
        at += name.len;
        if (compare(name, after) > 0 && (next.len == 0 || compare(name, next) < 0))
            next = name;
    }
    return next;
}

// The scopes are a set: their order means nothing. Each one is there once.
static void put_scopes(struct writer *w, const char *scopes)
{
    for (struct span scope = next_scope(scopes, span_text("")); scope.len > 0; scope = next_scope(scopes, scope))
        put_bytes(w, scope);
}

// An access token of another key would work as well. But a key that was replaced may be one that others know, and who
// has replaced it wants to see that the new one works.
static bool write_identity(struct token_cache *cache, const struct assertion *a)
{
    const struct jwt_claims *claims = &a->claims;
    const char *const parts[] = {settings_base_url(cache->run->settings), claims->issuer, claims->subject, claims->kid,
                                 claims->audience};
    cache->identity = malloc(IDENTITY_MAX);
    if (cache->identity == NULL)
        return false;
    struct writer w = {.data = cache->identity, .capacity = IDENTITY_MAX};
    for (size_t i = 0; i < COUNT(parts); i++)
        put_bytes(&w, span_text(parts[i]));
    put_scopes(&w, a->scope);
    cache->identity_len = w.len;
    return !w.overflow;
}

static struct span identity_of(const struct token_cache *cache)
{
    return span_of(cache->identity, cache->identity_len);
}

// Tells once that it cannot be used.
static void give_up(struct token_cache *cache, enum ssa_reason reason, const char *why)
{
    cache->used = false;
    if (!*cache->told)
        tell_reason(&cache->run->callbacks, SSA_WARNING, reason, NULL, "the access token is not kept: %s", why);
    *cache->told = true;
}

static void give_up_keyring(struct token_cache *cache, const struct ssa_error *err)
{
    char why[SSA_ERROR_TEXT_MAX];
    ssa_error_text(err, why, sizeof why);
    give_up(cache, SSA_REASON_NONE, why);
}

// Whoever asks for a cache need not know that a container shares it. Who names the keyring does.
static bool is_wanted(struct token_cache *cache, struct ssa_error *err)
{
    bool named = false;
    if (!settings_names_keyring(cache->run->settings, &named, err))
        return false;
    cache->used = cache->wanted != NULL && (cache->wanted->asked || named);
    if (cache->used && !named && keyring_in_container(""))
        give_up(cache, SSA_REASON_KEYRING_SHARED, "in a container, the kernel's keyring may be shared with the host");
    return true;
}

bool token_cache_begin(struct token_cache *cache, const struct ssa_run *run, const struct ssa_cache *wanted,
                       const struct assertion *a, bool *told, struct ssa_error *err)
{
    cache->run = run;
    cache->wanted = wanted;
    cache->told = told;
    if (!is_wanted(cache, err))
        return false;
    if (cache->used && !write_identity(cache, a))
        give_up(cache, SSA_REASON_NONE, "its scopes are too long, or there is no memory");
    return true;
}

// The seconds for which an entry's access token is valid, if it is the one that is wanted, and is valid for long
// enough; else 0.
static unsigned examine(const struct token_cache *cache, const struct secret *bytes, struct keyring_entry *entry)
{
    if (!keyring_entry_read(secret_span(bytes), entry) || !span_equal(entry->identity, identity_of(cache)))
        return 0;
    if (!grant_check(entry->answer, NULL, ERROR_IGNORED))
        return 0;
    const unsigned left = keyring_entry_left(entry, keyring_now());
    return left > 0 && left >= cache->wanted->least ? left : 0;
}

static unsigned look(struct token_cache *cache, struct secret *answer)
{
    char name[KEYRING_NAME_MAX];
    struct ssa_error err;
    struct keyring_entry entry;
    SECRET_AUTO bytes = {0};
    keyring_entry_name(identity_of(cache), name);
    if (!secret_new(&bytes, KEYRING_BYTES_MAX, &err) || !keyring_read(name, &bytes, &err)) {
        give_up_keyring(cache, &err);
        return 0;
    }
    const unsigned left = bytes.len > 0 ? examine(cache, &bytes, &entry) : 0;
    if (left == 0 || !secret_append(answer, entry.answer))
        return 0;
    tell(&cache->run->callbacks, SSA_DETAIL, "the access token is from the kernel's keyring, and valid for %u seconds",
         left);
    return left;
}

// One lock serves several access tokens: where two meet, one waits for no use. A lock that cannot be had only means
// that two processes fetch at the same time.
static void wait_for_others(struct token_cache *cache)
{
    char entry[KEYRING_NAME_MAX], name[KEYRING_NAME_MAX];
    const long long timeout_ms = cache->run->timeout * 1000LL;
    const struct lock_patience patience = {.callbacks = &cache->run->callbacks,
                                           .most_ms = timeout_ms > 0 && timeout_ms < OTHERS_FETCH_MS ? timeout_ms
                                                                                                     : OTHERS_FETCH_MS,
                                           .told = "waiting for another process that fetches an access token"};
    keyring_entry_name(identity_of(cache), entry);
    // The last digit of the entry's name chooses the lock.
    if (!text_format(name, sizeof name, "fetching-%s", entry + strlen(entry) - 1))
        return;
    cache->lock = record_make_folder(name);
    if (cache->lock >= 0)
        (void)file_lock(cache->lock, &patience);
}

unsigned token_cache_take(struct token_cache *cache, struct secret *answer)
{
    if (!cache->used || cache->wanted->fresh)
        return 0;
    const unsigned left = look(cache, answer);
    if (left > 0 || !cache->used)
        return left;
    wait_for_others(cache);
    return look(cache, answer);
}

// An answer of which it is not known how long it is valid is of no use later.
static bool make_entry(const struct token_cache *cache, struct span answer, struct keyring_time sent,
                       struct secret *bytes, unsigned *seconds)
{
    struct grant_terms terms;
    if (!grant_read_terms(answer, &terms, ERROR_IGNORED) || terms.lifetime <= 0)
        return false;
    *seconds = terms.lifetime < KEYRING_SECONDS_MAX ? (unsigned)terms.lifetime : KEYRING_SECONDS_MAX;
    const struct keyring_entry entry = {.identity = identity_of(cache),
                                        .answer = answer,
                                        .end = {.date = sent.date + *seconds, .running = sent.running + *seconds}};
    return keyring_entry_write(&entry, bytes);
}

void token_cache_keep(struct token_cache *cache, const struct secret *answer, struct keyring_time sent)
{
    char name[KEYRING_NAME_MAX];
    unsigned seconds = 0;
    struct ssa_error err;
    SECRET_AUTO bytes = {0};
    if (!cache->used)
        return;
    keyring_entry_name(identity_of(cache), name);
    if (!secret_new(&bytes, KEYRING_BYTES_MAX, &err))
        give_up_keyring(cache, &err);
    else if (!make_entry(cache, secret_span(answer), sent, &bytes, &seconds))
        tell(&cache->run->callbacks, SSA_DETAIL,
             "the access token is not kept: the API does not say how long it is valid, or the answer is too long");
    else if (!keyring_store(name, secret_span(&bytes), seconds, &err))
        give_up_keyring(cache, &err);
}

void token_cache_end(struct token_cache *cache)
{
    // The lock ends with its descriptor.
    if (cache->lock >= 0)
        (void)close(cache->lock);
    free(cache->identity);
    token_cache_none(cache);
}
