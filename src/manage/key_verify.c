// key verify: whether the key on the PKCS#11 token is what it should be.
#include <assert.h>

#include "core/callback.h"
#include "core/fingerprint.h"
#include "core/text.h"
#include "hsm/key/facts.h"
#include "hsm/key/prove.h"
#include "manage/key_evidence.h"
#include "signer/open_token.h"

static void take(const struct key_attribute *from, const struct key *key, bool read, struct ssa_verified *verified)
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

// A verification under way.
struct verification {
    const struct ssa_run *run;
    struct ssa_verified *verified;
    struct identity own;
    struct open_token *at;
    struct key key;
};

static bool note_names(struct verification *v, struct ssa_error *err)
{
    struct ssa_verified *to = v->verified;
    const char *token = token_info(v->at->token)->uri;
    text_harmless(to->email, sizeof to->email, span_text(v->own.email));
    return (text_format(to->key_id, sizeof to->key_id, "%s", v->own.key_id) &&
            text_format(to->account, sizeof to->account, "%s", v->own.account_id) &&
            text_format(to->token, sizeof to->token, "%s", token)) ||
           error_set(err, SSA_CONFIG, NULL, token, "the key's id, the account's id or the token's URI is too long");
}

// Finds the key's token. Does not log in.
static OWN_FRAME bool find(struct verification *v, struct ssa_error *err)
{
    *v->verified = (struct ssa_verified){0};
    if (!identity_read(v->run->settings, true, &v->own, err))
        return false;
    if (!open_token_prepare(v->run, v->own.private_key, v->at, err))
        return false;
    return open_token_find(v->run, v->at, err) && note_names(v, err);
}

// *read: the attributes could be read. This is possible also for a key that is not as it must be.
static OWN_FRAME bool verify(struct verification *v, bool *read, struct ssa_error *err)
{
    struct key_attribute attributes[KEY_ATTRIBUTES];
    struct key_mechanisms mechanisms;
    *read = false;
    if (!open_token_login(v->at, false, err))
        return false;
    v->verified->signature = key_verify(v->at->token, v->at->uri, &v->key, attributes, read, err);
    take(attributes, &v->key, *read, v->verified);
    if (*read) {
        key_mechanisms(v->at->token, &v->key, &mechanisms);
        take_mechanisms(&mechanisms, v->verified);
    }
    return v->verified->signature;
}

static OWN_FRAME void write_beside(const struct evidence *e, const struct verification *v, struct ssa_text *json)
{
    if (!evidence_write(e, v->at->token, &v->key, v->verified, json, ERROR_IGNORED))
        tell(&v->run->callbacks, SSA_DETAIL, "the record is incomplete, or cannot be written");
}

bool ssa_key_verify(const struct ssa_run *run, struct ssa_verified *verified, struct ssa_error *err)
{
    OPEN_TOKEN_AUTO at = {0};
    struct verification v = {.run = run, .verified = verified, .at = &at};
    bool read = false;
    err = ERROR_OR_IGNORED(err);
    return find(&v, err) && verify(&v, &read, err);
}

bool ssa_key_evidence(const struct ssa_run *run, const struct ssa_evidence *wanted, struct ssa_verified *verified,
                      struct ssa_text *json, struct ssa_error *err)
{
    OPEN_TOKEN_AUTO at = {0};
    struct verification v = {.run = run, .verified = verified, .at = &at};
    struct evidence e = {.wanted = wanted, .run = run};
    bool read = false;
    err = ERROR_OR_IGNORED(err);
    *verified = (struct ssa_verified){0};
    *json = (struct ssa_text){0};
    if (!evidence_check(wanted, err) || !find(&v, err))
        return false;
    e.own = v.own;
    if (!evidence_gather(&e, at.token, err))
        return false;
    if (verify(&v, &read, err))
        return evidence_write(&e, at.token, &v.key, verified, json, err);
    // The record of a failed verification is written, too, where that is possible.
    if (read)
        write_beside(&e, &v, json);
    return false;
}
