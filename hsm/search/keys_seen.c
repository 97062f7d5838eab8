#include "hsm/search/keys_seen.h"

#include <stdlib.h>

#include "hsm/key/public.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/token/describe.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/reopen.h"
#include "hsm/token/session.h"
#include "hsm/token/token.h"

// So many keys are read at once.
enum { KEYS_FEWEST = 64, KEYS_AT_ONCE = 32 };

void keys_seen_free(struct keys_seen *keys)
{
    free(keys->list);
    *keys = (struct keys_seen){0};
}

static int in_order(struct span a, struct span b)
{
    const int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_key(struct key_raw *const *one, struct key_raw *const *other)
{
    const struct key_raw *a = *one, *b = *other;
    if (a->token != b->token)
        return a->token < b->token ? -1 : 1;
    const int order = in_order(span_of(a->id, a->id_len), span_of(b->id, b->id_len));
    return order != 0 ? order : in_order(span_of(a->modulus, a->modulus_len), span_of(b->modulus, b->modulus_len));
}

// Objects of one key are beside each other, and the one that is shown comes first.
static int by_key_and_rank(const void *one, const void *other)
{
    struct key_raw *const *a = one, *const *b = other;
    const int order = by_key(a, b);
    if (order != 0)
        return order;
    const bool more = (*a)->certified[0] != '\0', had = (*b)->certified[0] != '\0';
    return more != had ? had - more : (*a > *b) - (*a < *b);
}

bool keys_seen_compare(struct keys_seen *keys)
{
    if (keys->count == 0)
        return true;
    struct key_raw **sorted = calloc(keys->count, sizeof(struct key_raw *));
    if (sorted == NULL)
        return false;
    for (size_t i = 0; i < keys->count; i++)
        sorted[i] = &keys->list[i];
    qsort(sorted, keys->count, sizeof(struct key_raw *), by_key_and_rank);
    for (size_t i = 1; i < keys->count; i++)
        sorted[i]->told_better = by_key(&sorted[i - 1], &sorted[i]) == 0;
    free(sorted);
    return true;
}

// Room for so many as are added at once, or for fewer; NULL where there is none. So many are left to be added in all.
static struct key_raw *make_room(struct keys_seen *seen, size_t *wanted, size_t left)
{
    if (*wanted > KEYS_SEEN_MAX - seen->count)
        *wanted = KEYS_SEEN_MAX - seen->count;
    if (*wanted == 0)
        return NULL;
    if (seen->room - seen->count < *wanted) {
        const size_t room = seen->count + (left > KEYS_FEWEST ? left : KEYS_FEWEST);
        struct key_raw *grown = reallocarray(seen->list, room, sizeof *grown);
        if (grown == NULL)
            return NULL;
        seen->list = grown;
        seen->room = room;
    }
    memset(&seen->list[seen->count], 0, *wanted * sizeof seen->list[0]);
    return &seen->list[seen->count];
}

static void read_names(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *key)
{
    CK_ATTRIBUTE names[] = {ATTRIBUTE(CKA_ID, key->id, sizeof key->id),
                            ATTRIBUTE(CKA_LABEL, key->label, sizeof key->label)};
    // A text that cannot be read stays empty.
    if (attributes_read(token, object, names, COUNT(names)) != CKR_OK)
        return;
    key->id_len = attribute_len(&names[0]);
    key->label_len = attribute_len(&names[1]);
}

static bool take_number(struct key_raw *key, size_t len)
{
    key->modulus_len = rsa_strip_zeros(key->modulus, len);
    return key->modulus_len > 0;
}

// What a key is known by, in one call.
enum { KNOWN_BY = 3 };

static void ask_for(struct key_raw *key, CK_ATTRIBUTE list[static KNOWN_BY])
{
    const CK_ATTRIBUTE known_by[KNOWN_BY] = {ATTRIBUTE(CKA_ID, key->id, sizeof key->id),
                                             ATTRIBUTE(CKA_LABEL, key->label, sizeof key->label),
                                             ATTRIBUTE(CKA_MODULUS, key->modulus, sizeof key->modulus)};
    memcpy(list, known_by, sizeof known_by);
}

static bool take_answer(struct token *token, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *list, CK_RV rv,
                        struct key_raw *key)
{
    if (rv == CKR_OK) {
        key->id_len = attribute_len(&list[0]);
        key->label_len = attribute_len(&list[1]);
        return take_number(key, attribute_len(&list[2]));
    }
    CK_ATTRIBUTE modulus = ATTRIBUTE(CKA_MODULUS, key->modulus, sizeof key->modulus);
    read_names(token, object, key);
    return attribute_read(token, object, &modulus) == CKR_OK && take_number(key, modulus.ulValueLen);
}

static void take_modulus(struct key_raw *raw, const struct key *key)
{
    memcpy(raw->modulus, key->modulus, key->modulus_len);
    raw->modulus_len = key->modulus_len;
}

static bool read_certificate(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *key)
{
    uint8_t der[CERTIFICATE_MAX] = {0};
    CK_ATTRIBUTE value = ATTRIBUTE(CKA_VALUE, der, sizeof der);
    read_names(token, object, key);
    if (attribute_read(token, object, &value) != CKR_OK)
        return false;
    const struct span bytes = span_of(der, value.ulValueLen);
    struct key numbers = {0};
    if (!certificate_name(bytes, key->certified))
        key->certified[0] = '\0';
    if (!certificate_numbers(bytes, &numbers))
        return false;
    take_modulus(key, &numbers);
    return true;
}

// Where the private object does not tell its modulus, another object may tell it. If not, it is an RSA key all the
// same.
static void find_modulus(struct token *token, CK_OBJECT_HANDLE object, struct key_raw *raw)
{
    struct key key = {.private_object = object};
    if (!key_read_public(token, &key, ERROR_IGNORED))
        key.modulus_len = 0;
    take_modulus(raw, &key);
}

// A key of another kind (EC), or one whose modulus is not told, is left out.
static void keep(struct keys_seen *seen, const struct key_raw *key, size_t at, bool is_private)
{
    struct key_raw *kept = &seen->list[seen->count++];
    if (kept != key)
        *kept = *key;
    kept->token = at;
    kept->is_private = is_private;
}

// Adds the certificates, or the keys, that the module tells of at once: *done objects are dealt with.
static void add_certificate(struct token *token, CK_OBJECT_HANDLE object, size_t at, struct key_raw *room,
                            struct keys_seen *seen, CK_ULONG *done)
{
    *done = 1;
    if (read_certificate(token, object, room))
        keep(seen, room, at, false);
}

static CK_RV add_keys(struct token *token, bool are_private, const CK_OBJECT_HANDLE *objects, size_t count, size_t at,
                      struct key_raw *room, struct keys_seen *seen, CK_ULONG *done)
{
    CK_ATTRIBUTE lists[KEYS_AT_ONCE * KNOWN_BY];
    for (size_t i = 0; i < count; i++)
        ask_for(&room[i], &lists[i * KNOWN_BY]);
    const CK_RV rv = attributes_read_of(token, objects, count, lists, KNOWN_BY, done);
    *done = *done == 0 ? 1 : *done;
    for (size_t i = 0; i < *done; i++) {
        const bool told = take_answer(token, objects[i], &lists[i * KNOWN_BY], i + 1 < *done ? CKR_OK : rv, &room[i]);
        if (!told && are_private)
            find_modulus(token, objects[i], &room[i]);
        if (told || are_private)
            keep(seen, &room[i], at, are_private);
    }
    return rv;
}

bool token_look_at_keys(struct token *token, CK_OBJECT_CLASS class, size_t at, struct keys_seen *seen,
                        struct ssa_error *err)
{
    static const CK_KEY_TYPE rsa = CKK_RSA;
    OBJECTS_AUTO found = {0};
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class), ATTRIBUTE(CKA_KEY_TYPE, &rsa, sizeof rsa)};
    CK_ULONG done = 0;
    if (!object_find_all(token, template, class == CKO_PRIVATE_KEY ? 2 : 1, &found, err))
        return false;
    for (size_t i = 0; i < found.count; i += done) {
        const size_t left = found.count - i;
        size_t count = left < KEYS_AT_ONCE ? left : KEYS_AT_ONCE;
        struct key_raw *room = make_room(seen, &count, left);
        if (room == NULL)
            return error_set(err, SSA_TOKEN, NULL, token->info.uri,
                             "there are more than %u keys and certificates, or no memory for them", KEYS_SEEN_MAX);
        CK_RV rv = CKR_OK;
        if (class == CKO_CERTIFICATE)
            add_certificate(token, found.list[i], at, room, seen, &done);
        else
            rv = add_keys(token, class == CKO_PRIVATE_KEY, &found.list[i], count, at, room, seen, &done);
        // What cannot be asked for any more is not absent.
        if (!token_answers(token, err))
            return false;
        if (token_is_lost(token, rv))
            return token_fail(err, SSA_TOKEN, rv, token, "the token's keys cannot be read");
    }
    return true;
}

bool token_look_at_public_keys(struct token *token, size_t at, struct keys_seen *keys, struct ssa_error *err)
{
    if (!session_open(token, false, err) || !token_look_at_keys(token, CKO_PUBLIC_KEY, at, keys, err))
        return false;
    // There, a search takes as long as reading all objects does, and a certificate tells nothing.
    return token->info.quirks->rewritten_by != NULL || token_look_at_keys(token, CKO_CERTIFICATE, at, keys, err);
}

void module_look_at_keys(const struct module *module, struct module_seen *seen, struct keys_seen *keys)
{
    // It is too big for the stack.
    struct token *token = malloc(sizeof *token);
    for (size_t i = 0; i < seen->count; i++) {
        seen->tokens[i].unread = true;
        if (token == NULL)
            continue;
        *token = (struct token){.module = *module, .slot = seen->tokens[i].slot};
        seen_describe(seen, i, &token->info);
        seen->tokens[i].unread = !token_look_at_public_keys(token, i, keys, ERROR_IGNORED);
        session_close(token);
    }
    free(token);
}
