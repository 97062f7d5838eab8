#include "agent/callers/callers.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <strings.h>

void callers_free(struct callers *callers)
{
    free(callers->list);
    *callers = (struct callers){0};
}

const struct caller_entry *callers_by_name(const struct callers *callers, const char *name)
{
    for (size_t i = 0; i < callers->count; i++)
        if (strcmp(callers->list[i].name, name) == 0)
            return &callers->list[i];
    return NULL;
}

// An empty text is nobody's.
static bool is_same(const char *own, struct span asked)
{
    return asked.len > 0 && span_equal(span_text(own), asked);
}

const struct caller_entry *callers_by_id(const struct callers *callers, struct span id)
{
    for (size_t i = 0; i < callers->count; i++)
        if (is_same(callers->list[i].id, id))
            return &callers->list[i];
    return NULL;
}

// The case of letters does not count in a DNS name. It does in a URI, which has a colon.
static bool is_same_san(const char *own, struct span asked)
{
    if (strchr(own, ':') != NULL)
        return is_same(own, asked);
    return asked.len > 0 && strlen(own) == asked.len && strncasecmp(own, (const char *)asked.data, asked.len) == 0;
}

const struct caller_entry *callers_by_san(const struct callers *callers, struct span san)
{
    for (size_t i = 0; i < callers->count; i++)
        if (is_same_san(callers->list[i].san, san))
            return &callers->list[i];
    return NULL;
}

bool caller_has_secret(const struct caller_entry *caller, struct span secret)
{
    // Of an unknown caller a hash is compared, too: the time does not tell which ids there are.
    static const char nobody[FINGERPRINT_TEXT] = "-";
    char hash[FINGERPRINT_TEXT] = "";
    const char *own = caller != NULL && caller->hash[0] != '\0' ? caller->hash : nobody;
    fingerprint(secret, hash);
    return strlen(own) == FINGERPRINT_TEXT - 1 && strlen(hash) == FINGERPRINT_TEXT - 1 &&
           CRYPTO_memcmp(own, hash, FINGERPRINT_TEXT - 1) == 0;
}
