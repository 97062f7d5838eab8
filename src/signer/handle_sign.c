// A signer's signatures, also after its PKCS#11 token was lost.
#include "signer/handle.h"

#include "core/callback.h"
#include "core/monotonic.h"
#include "core/result.h"
#include "core/secret_pool.h"
#include "hsm/key/key_find.h"
#include "hsm/key/public.h"
#include "hsm/key/rs256.h"
#include "hsm/login/login.h"
#include "oauth/jwt.h"
#include "pin/attempts.h"

// A token that was made anew may have another key by the same name. A key that was given to the caller is the old one.
static bool find_same_key(struct ssa_signer *signer, struct ssa_error *err)
{
    struct key key;
    const struct key *old = &signer->key;
    if (!key_find(signer->at.token, signer->at.uri, &key, err))
        return false;
    if (!span_equal(span_of(key.modulus, key.modulus_len), span_of(old->modulus, old->modulus_len)))
        return error_set(err, SSA_KEY_MISSING, NULL, token_info(signer->at.token)->uri,
                         "the token holds another key in place of the one that was used until now");
    signer->key = key;
    return true;
}

static bool log_in_again(struct ssa_signer *signer, struct ssa_error *err)
{
    struct pin_policy *policy = &signer->at.pin;
    const struct pin_giver user = pin_giver_of(policy);
    struct secret known = login_take_pin(signer->at.token);
    policy->known = known.len > 0 ? &known : NULL;
    const bool in = login_renew(signer->at.token, &user, err);
    policy->known = NULL;
    // Where the token did not look at it, it is still right.
    if (!in && known.len > 0 && !login_says_refused(err))
        login_return_pin(signer->at.token, &known);
    secret_free(&known);
    return in;
}

static void note_failure(struct ssa_signer *signer, const struct ssa_error *err)
{
    signer->lost.err = *err;
    signer->lost.at = monotonic_ms();
    if (!login_says_refused(err) && signer->unanswered < PIN_UNANSWERED_MAX)
        return;
    signer->refused = true;
    login_forget_pin(signer->at.token);
    (void)error_hint(&signer->lost.err, "No PIN is tried any more by this signer. Close it, and open another one when "
                                        "the PIN is right.");
}

bool handle_renew(const struct handle_use *use, struct ssa_error *err)
{
    struct ssa_signer *signer = use->signer;
    if (signer->refused || failure_is_shared(&signer->lost, use->since)) {
        *err = signer->lost.err;
        return false;
    }
    if (signer->ready)
        tell(&signer->run.callbacks, SSA_NOTICE, "token \"%s\" was lost: looking for it, and logging in again",
             token_info(signer->at.token)->label);
    signer->ready = false;
    lanes_close(&signer->lanes);
    if (log_in_again(signer, err) && find_same_key(signer, err)) {
        handle_drop_pin(signer);
        signer->lost = (struct shared_failure){0};
        return signer->ready = true;
    }
    note_failure(signer, err);
    return false;
}

// A key's own login may have been refused although the answer does not say so. The user's login between two of them may
// have another PIN: so it does not show that this one is right.
static bool sign_once(struct ssa_signer *signer, const struct key_input *input, struct secret *signature, bool *lost,
                      struct ssa_error *err)
{
    if (key_sign_once(signer->at.token, &signer->key, input, signature, lost, err)) {
        signer->unanswered = 0;
        return true;
    }
    const bool unanswered = login_says_unanswered(err);
    signer->unanswered += unanswered;
    if (unanswered || login_says_refused(err))
        note_failure(signer, err);
    return false;
}

static bool sign_in(const struct handle_use *use, const struct key_input *input, struct secret *signature,
                    struct ssa_error *err)
{
    struct ssa_signer *signer = use->signer;
    struct token *token = signer->at.token;
    bool lost = false;
    if (signer->refused) {
        *err = signer->lost.err;
        return false;
    }
    if (signer->ready && !token_is_over(token)) {
        if (sign_once(signer, input, signature, &lost, err))
            return true;
        if (!lost || callback_interrupted(&signer->run.callbacks))
            return false;
    }
    return handle_renew(use, err) && sign_once(signer, input, signature, &lost, err);
}

static struct lane *one_more(struct ssa_signer *signer)
{
    if (!signer->ready || token_is_over(signer->at.token))
        return NULL;
    return lanes_open(&signer->lanes, signer->at.token, signer->at.uri, &signer->key);
}

// Signs in the first session, unless it can open a lane for that (lane is not NULL): then it leaves the first session
// to others, and returns false.
static bool sign_first(struct ssa_signer *signer, long long since, struct lane **lane, const struct key_input *input,
                       struct secret *signature, struct ssa_error *err)
{
    HANDLE_USE_AUTO use;
    if (!handle_enter_first(signer, since, &use, err) || !callback_go_on(&signer->run.callbacks, err))
        return false;
    if (lane != NULL && (*lane = one_more(signer)) != NULL)
        return false;
    return sign_in(&use, input, signature, err);
}

// Where it fails, *lost becomes whether the first session may do better: perhaps the lane's alone is over.
static bool sign_in_lane(struct ssa_signer *signer, struct lane *lane, const struct key_input *input,
                         struct secret *signature, bool *lost, struct ssa_error *err)
{
    const struct ssa_callbacks *callbacks = &signer->run.callbacks;
    const bool begun = callback_go_on(callbacks, err);
    *lost = false;
    const bool done = begun && key_sign_once(lane->token, &lane->key, input, signature, lost, err);
    lanes_leave(&signer->lanes, lane, begun && !done);
    *lost = *lost && !callback_interrupted(callbacks);
    return done;
}

bool handle_sign(struct ssa_signer *signer, const struct key_input *input, struct secret *signature,
                 struct ssa_error *err)
{
    const long long since = monotonic_ms();
    bool crowded = false, lost = false;
    if (!handle_check(signer, err))
        return false;
    struct lane *lane = lanes_take(&signer->lanes, &crowded);
    if (lane == NULL) {
        const bool done = sign_first(signer, since, crowded ? &lane : NULL, input, signature, err);
        if (lane == NULL)
            return done;
    }
    if (sign_in_lane(signer, lane, input, signature, &lost, err))
        return true;
    if (!lost)
        return false;
    lanes_take_first(&signer->lanes);
    return sign_first(signer, since, NULL, input, signature, err);
}

static bool read_numbers(const struct handle_use *use, struct key *key, struct ssa_error *err)
{
    struct ssa_signer *signer = use->signer;
    if (!signer->ready && !handle_renew(use, err))
        return false;
    *key = signer->key;
    if (key_read_public(signer->at.token, key, err))
        return true;
    // The session may be over without anybody's knowing it yet.
    if (err->code != SSA_TOKEN || !handle_renew(use, err))
        return false;
    *key = signer->key;
    return key_read_public(signer->at.token, key, err);
}

bool handle_numbers(struct ssa_signer *signer, struct key *key, struct ssa_error *err)
{
    HANDLE_USE_AUTO use;
    if (!handle_enter(signer, &use, err) || !read_numbers(&use, key, err))
        return false;
    if (key->modulus_len > 0)
        return true;
    error_set(err, SSA_TOKEN, NULL, token_info(signer->at.token)->uri, "the token does not tell the key's public half");
    return error_reason(err, SSA_REASON_KEY_NO_PUBLIC_HALF, NULL);
}

bool ssa_signer_sign(struct ssa_signer *signer, enum ssa_input kind, const void *data, size_t len,
                     struct ssa_signature *signature, struct ssa_error *err)
{
    const struct key_input input = {.bytes = span_of(data, len), .hashed = kind == SSA_DIGEST, .at_once = true};
    struct secret made = {.data = signature->bytes, .capacity = sizeof signature->bytes - 1};
    err = ERROR_OR_IGNORED(err);
    signature->len = 0;
    if (kind == SSA_DIGEST && len != SHA256_BYTES)
        return error_set(err, SSA_USAGE, NULL, NULL, "a SHA-256 has %d bytes, and not %zu", SHA256_BYTES, len);
    const bool done = handle_sign(signer, &input, &made, err);
    signature->len = done ? made.len : 0;
    return done;
}

bool handle_assertion(struct ssa_signer *signer, struct assertion *a, struct secret *out, struct ssa_error *err)
{
    // A signature alone is no secret. The whole assertion is, as long as it is valid.
    uint8_t bytes[RSA_BYTES_MAX + 1];
    struct secret signature = {.data = bytes, .capacity = RSA_BYTES_MAX};
    if (!assertion_input(a, out, err))
        return false;
    const struct key_input input = {.bytes = secret_span(out), .at_once = true};
    return handle_sign(signer, &input, &signature, err) && jwt_add_signature(out, secret_span(&signature), err);
}

bool ssa_signer_assertion(struct ssa_signer *signer, const struct ssa_token_request *request,
                          struct ssa_text *assertion, struct ssa_error *err)
{
    static const struct ssa_token_request usual = {0};
    struct assertion a;
    SECRET_AUTO out = {0};
    err = ERROR_OR_IGNORED(err);
    *assertion = (struct ssa_text){0};
    return handle_check(signer, err) && assertion_prepare(&a, &signer->run, request != NULL ? request : &usual, err) &&
           secret_pool_take(&out, jwt_room(&a.claims), err) && handle_assertion(signer, &a, &out, err) &&
           result_take(assertion, &out, err);
}
