// Verifying that the key on the token is what it should be.
#include <assert.h>
#include <string.h>

#include "core/fingerprint.h"
#include "core/text.h"
#include "hsm/key/facts.h"
#include "hsm/key/prove.h"
#include "hsm/login/login.h"
#include "manage/key_evidence.h"
#include "signer/open_token.h"

static void take(const struct key_attribute *from, const struct key *key, bool read,
                 struct ssa_verified *verified)
{
    static_assert(KEY_ATTRIBUTES <= sizeof verified->attributes / sizeof verified->attributes[0],
                  "the header has room for all");
    if (key->modulus_len > 0) {
        const struct span modulus = span_of(key->modulus, key->modulus_len);
        verified->bits = (unsigned)rsa_bits(modulus);
        fingerprint(modulus, verified->modulus_sha256);
    }
    if (!read)
        return;
    verified->attribute_count = KEY_ATTRIBUTES;
    for (size_t i = 0; i < KEY_ATTRIBUTES; i++)
        verified->attributes[i] = (struct ssa_attribute){.name = from[i].name,
                                                         .known = from[i].known,
                                                         .value = from[i].value,
                                                         .wanted = from[i].wanted,
                                                         .decided = from[i].decided};
}

static void take_mechanisms(const struct key_mechanisms *from, struct ssa_verified *verified)
{
    static const enum ssa_raw_rsa raw[] = {[RAW_RSA_UNKNOWN] = SSA_RAW_RSA_UNKNOWN,
                                           [RAW_RSA_REFUSED] = SSA_RAW_RSA_REFUSED,
                                           [RAW_RSA_POSSIBLE] = SSA_RAW_RSA_POSSIBLE};
    static_assert(sizeof from->names == sizeof verified->mechanisms, "the header has room for all");
    verified->mechanisms_known = from->known;
    verified->mechanism_count = from->count;
    memcpy(verified->mechanisms, from->names, sizeof from->names);
    verified->raw_rsa = raw[from->raw];
}

// e and json are NULL where nothing is to be written down.
static bool verify(const struct ssa_run *run, struct evidence *e, struct ssa_verified *verified,
                   struct ssa_text *json, struct ssa_error *err)
{
    struct identity own = {0};
    struct pin_policy policy;
    struct key key = {0};
    struct key_attribute attributes[KEY_ATTRIBUTES];
    struct key_mechanisms mechanisms;
    bool read = false;
    URI_AUTO *uri = NULL;
    TOKEN_AUTO *token = NULL;
    *verified = (struct ssa_verified){0};
    if (!identity_read(run->settings, true, &own, err) || !uri_parse(own.private_key, &uri, err) ||
        !pin_policy_init(&policy, run, uri, err) || !token_of_uri(run, uri, &token, err))
        return false;
    (void)text_format(verified->key_id, sizeof verified->key_id, "%s", own.key_id);
    (void)text_format(verified->account, sizeof verified->account, "%s", own.account_id);
    text_harmless(verified->email, sizeof verified->email, span_text(own.email));
    (void)text_format(verified->token, sizeof verified->token, "%s", token_info(token)->uri);
    if (e != NULL) {
        e->own = own;
        if (!evidence_gather(e, token, err))
            return false;
    }
    const struct pin_giver giver = pin_giver_of(&policy);
    if (!token_login(token, false, &giver, err))
        return false;
    verified->signature = key_verify(token, uri, &key, attributes, &read, err);
    take(attributes, &key, read, verified);
    if (read) {
        key_mechanisms(token, &key, &mechanisms);
        take_mechanisms(&mechanisms, verified);
    }
    if (e == NULL || !read)
        return verified->signature;
    // What went wrong first is what is told.
    return evidence_write(e, token, &key, verified, json, verified->signature ? err : NULL) &&
           verified->signature;
}

bool ssa_key_verify(const struct ssa_run *run, struct ssa_verified *verified, struct ssa_error *err)
{
    return verify(run, NULL, verified, NULL, err);
}

bool ssa_key_evidence(const struct ssa_run *run, const struct ssa_evidence *wanted,
                      struct ssa_verified *verified, struct ssa_text *json, struct ssa_error *err)
{
    struct evidence e = {.wanted = wanted, .run = run};
    *verified = (struct ssa_verified){0};
    *json = (struct ssa_text){0};
    return evidence_check(wanted, err) && verify(run, &e, verified, json, err);
}
