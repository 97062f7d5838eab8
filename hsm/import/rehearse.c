// Whether a token takes a key, and in which way: shown with a throwaway one.
#include "hsm/import/rehearse.h"

#include "hsm/cryptoki/ckr.h"
#include "hsm/import/create.h"
#include "hsm/import/destroy.h"
#include "hsm/import/rehearsal_key.h"
#include "hsm/import/removal.h"
#include "hsm/import/throwaway.h"
#include "hsm/import/wrap.h"
#include "hsm/key/prove.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

enum outcome {
    WORKS,
    REFUSED, // nothing is left
    UNFIT,   // it came in and is not as it must be; nothing is left
    STUCK    // something may be left, or nothing could be tried, or no more may be
};

static CK_RV create_with(struct token *token, struct creation *c, unsigned parts, struct key *key)
{
    c->parts = parts;
    const CK_RV rv = key_put_private(token, c, &key->private_object);
    if (rv != CKR_OK)
        key->private_object = CK_INVALID_HANDLE;
    if (rv != CKR_OK && !ckr_surely_not_made(rv))
        token->throwaway_left = true;
    return rv;
}

// Whether the token takes a key with these parts. It is destroyed at once; where it could not be, it stays in
// *key.
static CK_RV try_parts(struct token *token, struct creation *c, unsigned parts, struct key *key)
{
    CK_RV rv = create_with(token, c, parts, key);
    if (rv != CKR_OK)
        return rv;
    rv = token->module.call->C_DestroyObject(token->session, key->private_object);
    if (rv == CKR_OK)
        key->private_object = CK_INVALID_HANDLE;
    return rv;
}

// Whether a smaller template may do. A token object's attribute that the module's store has no place for is a
// general error in some.
static bool template_refused(const struct token *token, const struct creation *c, CK_RV rv)
{
    return ckr_is_of_template(rv) || (token->info.recipe->unknown && c->on_token &&
                                      (rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED));
}

// What of the optional parts the token knows: each that it takes beside those it cannot do without.
static CK_RV narrow(struct token *token, struct creation *c, unsigned whole, struct key *key)
{
    unsigned parts = whole & ~(unsigned)PART_OPTIONAL;
    CK_RV rv = try_parts(token, c, parts, key);
    for (unsigned part = 1; rv == CKR_OK && part < PART_ALL; part <<= 1) {
        if ((part & whole & PART_OPTIONAL) == 0)
            continue;
        const CK_RV taken = try_parts(token, c, parts | part, key);
        if (taken == CKR_OK)
            parts |= part;
        else if (key->private_object != CK_INVALID_HANDLE)
            rv = taken;
    }
    token->left_out = PART_ALL & ~parts;
    return rv;
}

// Without CKA_ALLOWED_MECHANISMS, which not every release of a kind of token knows, and which none has to.
static CK_RV without_mechanisms(struct token *token, struct creation *c, unsigned whole, struct key *key)
{
    const CK_RV rv = create_with(token, c, whole & ~(unsigned)PART_MECHANISMS, key);
    if (rv == CKR_OK)
        token->left_out |= PART_MECHANISMS;
    return rv;
}

// Creates the throwaway key with what of the optional parts the token knows. One that was to be destroyed on
// the way and could not be stays in *key.
static CK_RV create_throwaway(struct token *token, struct creation *c, struct key *key)
{
    const struct recipe *recipe = token->info.recipe;
    const unsigned whole = recipe->parts & ~c->without;
    token->left_out = recipe->parts & c->without;
    token->rehearsed = true;
    CK_RV rv = create_with(token, c, whole, key);
    if (rv == CKR_OK || !template_refused(token, c, rv))
        return rv;
    if (without_mechanisms(token, c, whole, key) == CKR_OK)
        return CKR_OK;
    // What a token that was measured takes is known, and asked of its keys ever after.
    if (!recipe->unknown)
        return rv;
    rv = narrow(token, c, whole, key);
    return rv == CKR_OK ? create_with(token, c, whole & ~token->left_out, key) : rv;
}

// Destroys the throwaway key.
static bool clear(struct token *token, struct key *key, struct ssa_error *err)
{
    const struct key_name name = {.kid = token->throwaway, .email = "", .label = token->throwaway};
    char command[KEY_REMOVAL_MAX];
    struct ssa_error why = {0};
    if (key_destroy(token, &name, key, &why))
        return true;
    token->throwaway_left = true;
    key_removal_command(token, key, &name, command);
    error_set(err, SSA_TOKEN, why.cause, token->info.uri,
              "the throwaway key of a rehearsal cannot be destroyed");
    return error_hint(err, "Nothing was asked of the API. Remove it: `%s`", command);
}

// Nothing needs the public half on the token: an unknown one that does not take it goes without.
static bool takes_public_half(struct token *token, const struct creation *c, struct key *key,
                              struct ssa_error *err)
{
    const struct recipe *recipe = token->info.recipe;
    if (!recipe->public_half)
        return true;
    const CK_RV rv = key_create_public(token, c, &key->public_object);
    token->no_public_half = recipe->unknown && rv != CKR_OK;
    if (rv == CKR_OK)
        return true;
    // Whatever the module left there.
    key->public_object = CK_INVALID_HANDLE;
    if (!ckr_surely_not_made(rv))
        token->throwaway_left = true;
    return token->no_public_half ||
           token_fail(err, SSA_TOKEN, rv, token,
                      "a rehearsal with a throwaway key shows that the token does not take its public half");
}

static enum outcome rehearse_once(struct token *token, struct creation *c, struct ssa_error *err)
{
    struct key key;
    if (!key_of_numbers(c->numbers, &key, err))
        return STUCK;
    const CK_RV rv = create_throwaway(token, c, &key);
    if (rv != CKR_OK && key.private_object != CK_INVALID_HANDLE) {
        error_set(err, SSA_TOKEN, NULL, token->info.uri, "the throwaway key of a rehearsal stays at first");
        (void)clear(token, &key, err);
        return STUCK;
    }
    if (rv != CKR_OK) {
        token_fail(err, SSA_TOKEN, rv, token,
                   "a rehearsal with a throwaway key shows that the token takes none");
        return REFUSED;
    }
    const bool good = key_works(token, &key, c->on_token, err) && takes_public_half(token, c, &key, err);
    if (!clear(token, &key, err))
        return STUCK;
    // The next way in would try the same PIN again, or have a person type it.
    return token->own_login_failed ? STUCK : good ? WORKS : UNFIT;
}

// A module that nobody has measured may hash by itself, and then find that the key's list lacks what it signs
// the digest with.
static bool list_may_be_why(const struct token *token)
{
    const CK_RV rv = token->sign_begun;
    return token->info.recipe->unknown && (token->left_out & PART_MECHANISMS) == 0 &&
           (rv == CKR_MECHANISM_INVALID || rv == CKR_KEY_FUNCTION_NOT_PERMITTED ||
            rv == CKR_KEY_TYPE_INCONSISTENT);
}

// The rehearsal of one way in.
static enum outcome rehearse(struct token *token, struct creation *c, struct ssa_error *err)
{
    struct ssa_error why = {0};
    token->sign_begun = CKR_OK;
    enum outcome outcome = rehearse_once(token, c, err);
    if (outcome != UNFIT || !list_may_be_why(token))
        return outcome;
    c->without = PART_MECHANISMS;
    outcome = rehearse_once(token, c, &why);
    c->without = 0;
    if (outcome == STUCK && err != NULL)
        *err = why;
    return outcome == REFUSED ? UNFIT : outcome;
}

static bool offered(const struct token *token)
{
    for (size_t i = 0; i < wrap_scheme_count; i++)
        if (wrap_offered(token, &wrap_schemes[i]))
            return true;
    return false;
}

static enum outcome rehearse_scheme(struct token *token, struct creation *c, const struct wrap_scheme *scheme,
                                    struct ssa_error *err)
{
    SEALED_AUTO sealed = {0};
    // A look from a fresh session has ended them with the old one.
    if (!wrap_begin(token, err) || !wrap_seal(token, scheme, c->numbers, &sealed, err))
        return STUCK;
    token->wrap = scheme;
    c->sealed = &sealed;
    const enum outcome outcome = rehearse(token, c, err);
    c->sealed = NULL;
    return outcome;
}

// Every way of unwrapping that the token has, until one works. Where none does, the error is that of the
// first which brought a key in: a later one may not even be what the token means by the mechanism's number.
static enum outcome rehearse_schemes(struct token *token, struct creation *c, struct ssa_error *err)
{
    enum outcome outcome = REFUSED;
    bool came_in = false;
    for (size_t i = 0; outcome != WORKS && outcome != STUCK && i < wrap_scheme_count; i++) {
        struct ssa_error why = {0};
        if (!wrap_offered(token, &wrap_schemes[i]))
            continue;
        outcome = rehearse_scheme(token, c, &wrap_schemes[i], &why);
        if (!came_in || outcome == STUCK)
            *err = why;
        came_in = came_in || outcome == UNFIT;
    }
    return outcome == UNFIT ? REFUSED : outcome;
}

// The transport keys stay for the import.
static enum outcome rehearse_wrapped(struct token *token, struct creation *c, struct ssa_error *err)
{
    // Where it made no transport key, nothing is left either.
    const enum outcome outcome = wrap_begin(token, err) ? rehearse_schemes(token, c, err) : REFUSED;
    if (outcome == WORKS)
        return WORKS;
    wrap_end(token);
    token->wrap = NULL;
    token->left_out = 0;
    token->no_public_half = false;
    return outcome;
}

static bool rehearse_plainly(struct token *token, struct creation *c, enum ssa_import_way way,
                             struct ssa_error *err)
{
    static const char nothing_asked[] = "Nothing was asked of the API. ";
    if (rehearse(token, c, err) == WORKS)
        return true;
    if (err == NULL || err->hint[0] != '\0')
        return false;
    if (way == SSA_IMPORT_PLAIN && offered(token))
        return error_hint(err, "%sWithout --import plain it may take one that is wrapped.", nothing_asked);
    const char *instead = token->info.recipe->instead;
    return error_hint(err, "%sChoose another token%s.%s%s", nothing_asked,
                      c->on_token ? ""
                                  : "; one that keeps no session objects may still take a key: --rehearse "
                                    "tries with one on the token",
                      instead != NULL ? " " : "", instead != NULL ? instead : "");
}

static bool cannot_unwrap(const struct token *token, const struct ssa_error *why, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, why->cause[0] != '\0' ? why->cause : NULL, token->info.uri,
              "the token cannot unwrap a key%s%s", why->what[0] != '\0' ? ": " : "", why->what);
    return error_hint(err, "Nothing was asked of the API. --import auto gives it the key as it can take it.");
}

// For who wonders why a token that lists what is needed gets its key plainly.
static void tell_why_plain(struct token *token, const struct ssa_error *why)
{
    const bool cause = why->cause[0] != '\0';
    (void)text_format(token->why_plain, sizeof token->why_plain,
                      "plain, since it cannot unwrap a key: %s%s%s%s", why->what, cause ? " (" : "",
                      why->cause, cause ? ")" : "");
}

static bool wraps(const struct token *token, enum ssa_import_way way)
{
    return way != SSA_IMPORT_PLAIN && !token->info.recipe->slots && offered(token);
}

// In a card's slot the only rehearsal would be the thing itself; its recipe was measured. Any other token may
// be set up to take no key, whatever its kind.
bool token_rehearses(const struct token *token, enum ssa_import_way way)
{
    return wraps(token, way) || (way != SSA_IMPORT_WRAP && !token->info.recipe->slots);
}

// One way after the other.
static bool rehearse_ways(struct token *token, struct creation *c, enum ssa_import_way way,
                          struct ssa_error *err)
{
    struct ssa_error why = {0};
    const bool wrapping = wraps(token, way);
    const enum outcome wrapped = wrapping ? rehearse_wrapped(token, c, &why) : REFUSED;
    if (wrapped == STUCK && err != NULL)
        *err = why;
    if (wrapped != REFUSED)
        return wrapped == WORKS;
    if (way == SSA_IMPORT_WRAP)
        return cannot_unwrap(token, &why, err);
    if (wrapping)
        tell_why_plain(token, &why);
    return rehearse_plainly(token, c, way, err);
}

bool token_rehearse(struct token *token, enum ssa_import_way way, bool on_token, struct ssa_error *err)
{
    struct ssa_error why = {0};
    struct rsa_key numbers;
    SECRET_AUTO der = {0};
    if (way == SSA_IMPORT_WRAP && !wraps(token, way))
        return cannot_unwrap(token, &why, err);
    if (!token_rehearses(token, way))
        return true;
    if (!rehearsal_key(&der, &numbers, err))
        return false;
    struct creation c = {.numbers = &numbers,
                         .id = span_text(token->throwaway),
                         .label = span_text(token->throwaway),
                         .on_token = on_token};
    const bool fit = rehearse_ways(token, &c, way, err);
    throwaway_settle(token, on_token);
    return fit;
}

bool token_limits_mechanisms(const struct token *token)
{
    return (token->info.recipe->parts & ~token->left_out & PART_MECHANISMS) != 0;
}

const char *token_import_way(const struct token *token, bool *wrapped)
{
    *wrapped = token->wrap != NULL;
    return *wrapped ? token->wrap->name : token->why_plain[0] != '\0' ? token->why_plain : "plain";
}
