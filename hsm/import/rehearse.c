#include "hsm/import/rehearse.h"

#include <assert.h>

#include "core/text.h"
#include "hsm/cryptoki/ckr.h"
#include "hsm/import/create.h"
#include "hsm/import/destroy.h"
#include "hsm/import/removal.h"
#include "hsm/import/throwaway.h"
#include "hsm/import/wrap.h"
#include "hsm/key/prove.h"
#include "hsm/key/public.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

enum rehearsal {
    WORKS,
    REFUSED, // nothing is left
    UNFIT,   // the key came in and is not as it must be; nothing is left
    STUCK    // something may be left, nothing could be tried, or nothing more may be tried
};

struct import_plan import_plan_for(const struct token *token, const char *throwaway)
{
    const struct quirks *quirks = token->info.quirks;
    return (struct import_plan){.parts = quirks->parts, .public_half = quirks->public_half, .throwaway = throwaway};
}

bool import_plan_limits_mechanisms(const struct import_plan *plan)
{
    return (plan->parts & PART_MECHANISMS) != 0;
}

static CK_RV create_with(struct token *token, struct creation *c, unsigned parts, struct key *key)
{
    c->parts = parts;
    key->parts = parts;
    const CK_RV rv = key_put_private(token, c, &key->private_object);
    if (rv != CKR_OK)
        key->private_object = CK_INVALID_HANDLE;
    if (rv != CKR_OK && !ckr_surely_not_made(rv))
        c->plan->throwaway_left = true;
    return rv;
}

// Whether the token takes a key with these parts. The key is destroyed at once; if that fails, it stays in *key.
static CK_RV try_parts(struct token *token, struct creation *c, unsigned parts, struct key *key)
{
    CK_RV rv = create_with(token, c, parts, key);
    if (rv != CKR_OK)
        return rv;
    rv = call_destroy_object(token->module.call, token->session, key->private_object);
    if (rv == CKR_OK)
        key->private_object = CK_INVALID_HANDLE;
    return rv;
}

// Whether a smaller template may be taken. Some modules give a general error where their store has no place for an
// attribute of a token object.
static bool template_refused(const struct token *token, const struct creation *c, CK_RV rv)
{
    return ckr_is_of_template(rv) ||
           (token->info.quirks->unknown && c->on_token && (rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED));
}

// Finds the optional parts that the token knows: each is tried with those that it needs and those that it has taken.
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
    c->plan->parts = parts;
    return rv;
}

// Creates the throwaway key with the optional parts that the token knows. A key that had to be destroyed on the way,
// and could not be, stays in *key.
static CK_RV create_throwaway(struct token *token, struct creation *c, struct key *key)
{
    const struct quirks *quirks = token->info.quirks;
    const unsigned whole = quirks->parts & ~c->without, without_list = whole & ~(unsigned)PART_MECHANISMS;
    c->plan->parts = whole;
    CK_RV rv = create_with(token, c, whole, key);
    if (rv == CKR_OK || !template_refused(token, c, rv))
        return rv;
    // No token has to know CKA_ALLOWED_MECHANISMS, and not every release of one kind does.
    if (create_with(token, c, without_list, key) == CKR_OK) {
        c->plan->parts = without_list;
        return CKR_OK;
    }
    // A kind of token that was measured takes all other parts, and later its keys must have them.
    if (!quirks->unknown)
        return rv;
    rv = narrow(token, c, whole, key);
    return rv == CKR_OK ? create_with(token, c, c->plan->parts, key) : rv;
}

// A kind of token that was measured drops session objects at the session's end, and so at that of the module's process.
static bool ended_with_process(const struct token *token, const struct creation *c)
{
    return !c->on_token && !token->info.quirks->unknown && remote_over(token->module.call) != CKR_OK;
}

static bool clear(struct token *token, const struct creation *c, struct key *key, struct ssa_error *err)
{
    struct import_plan *plan = c->plan;
    const struct key_name name = {.kid = plan->throwaway, .email = "", .label = plan->throwaway};
    char command[KEY_REMOVAL_MAX];
    struct ssa_error why = {0};
    if (destroy_key(token, &name, key, &why))
        return true;
    if (ended_with_process(token, c)) {
        *err = why;
        return false;
    }
    plan->throwaway_left = true;
    removal_command(token, key, &name, command);
    error_set(err, SSA_TOKEN, why.cause, token->info.uri, "the throwaway key of a rehearsal cannot be destroyed");
    error_hint(err, "Remove it: `%s`", command);
    return error_reason(err, SSA_REASON_REHEARSAL_LEFT, NULL);
}

// Nothing needs the public half on the token: where an unknown token does not take it, the key does without.
static bool takes_public_half(struct token *token, const struct creation *c, struct key *key, struct ssa_error *err)
{
    const struct quirks *quirks = token->info.quirks;
    if (!quirks->public_half)
        return true;
    const CK_RV rv = key_create_public(token, c, &key->public_object);
    if (rv == CKR_OK)
        return true;
    c->plan->public_half = !quirks->unknown;
    // The module may have written anything there.
    key->public_object = CK_INVALID_HANDLE;
    if (!ckr_surely_not_made(rv))
        c->plan->throwaway_left = true;
    return quirks->unknown ||
           token_fail(err, SSA_TOKEN, rv, token,
                      "a rehearsal with a throwaway key shows that the token does not take its public half");
}

static enum rehearsal rehearse_once(struct token *token, struct creation *c, struct ssa_error *err)
{
    struct key key;
    if (!key_of_numbers(c->numbers, &key, err))
        return STUCK;
    const CK_RV rv = create_throwaway(token, c, &key);
    if (rv != CKR_OK && key.private_object != CK_INVALID_HANDLE) {
        error_set(err, SSA_TOKEN, NULL, token->info.uri, "the throwaway key of a rehearsal was not destroyed at first");
        (void)clear(token, c, &key, err);
        return STUCK;
    }
    if (rv != CKR_OK) {
        token_fail(err, SSA_TOKEN, rv, token, "a rehearsal with a throwaway key shows that the token takes none");
        return REFUSED;
    }
    const bool good = key_works(token, &key, c->on_token, err) && takes_public_half(token, c, &key, err);
    if (!good && ended_with_process(token, c))
        return STUCK;
    if (!clear(token, c, &key, err))
        return STUCK;
    // Another way would try the same PIN again, or have a person type it.
    return good ? WORKS : err->reason == SSA_REASON_KEY_LOGIN ? STUCK : UNFIT;
}

// An unknown module may hash by itself, and then not find the mechanism in the key's list with which it signs the
// digest.
static bool list_may_be_why(const struct token *token, const struct import_plan *plan, const struct ssa_error *err)
{
    const CK_RV rv = ckr_of_error(err);
    return token->info.quirks->unknown && import_plan_limits_mechanisms(plan) &&
           (rv == CKR_MECHANISM_INVALID || rv == CKR_KEY_FUNCTION_NOT_PERMITTED || rv == CKR_KEY_TYPE_INCONSISTENT);
}

// Rehearses one way.
static enum rehearsal rehearse(struct token *token, struct creation *c, struct ssa_error *err)
{
    struct ssa_error why = {0};
    enum rehearsal outcome = rehearse_once(token, c, err);
    if (outcome != UNFIT || !list_may_be_why(token, c->plan, err))
        return outcome;
    c->without = PART_MECHANISMS;
    outcome = rehearse_once(token, c, &why);
    c->without = 0;
    if (outcome == STUCK)
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

static enum rehearsal rehearse_scheme(struct token *token, struct creation *c, const struct wrap_scheme *scheme,
                                      struct ssa_error *err)
{
    SEALED_AUTO sealed = {0};
    c->plan->scheme = scheme;
    // If a fresh session was opened to look at the key, the transport keys have ended with the old one.
    if (!wrap_begin(token, c->plan, err) || !wrap_seal(c->plan, c->numbers, &sealed, err))
        return STUCK;
    c->sealed = &sealed;
    const enum rehearsal outcome = rehearse(token, c, err);
    c->sealed = NULL;
    return outcome;
}

// Tries the ways of unwrapping that the token has, until one works. Where none does, the error is about the first that
// brought a key in: of a later one, the token may not even mean the same by the mechanism's number.
static enum rehearsal rehearse_schemes(struct token *token, struct creation *c, struct ssa_error *err)
{
    enum rehearsal outcome = REFUSED;
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
static enum rehearsal rehearse_wrapped(struct token *token, struct creation *c, struct ssa_error *err)
{
    // Where the token makes no transport key, nothing is left either.
    const enum rehearsal outcome = wrap_begin(token, c->plan, err) ? rehearse_schemes(token, c, err) : REFUSED;
    if (outcome == WORKS)
        return WORKS;
    wrap_end(token, c->plan);
    c->plan->scheme = NULL;
    c->plan->public_half = token->info.quirks->public_half;
    return outcome;
}

static bool rehearse_plainly(struct token *token, struct creation *c, enum ssa_import_way way, struct ssa_error *err)
{
    const char *instead = token->info.quirks->instead;
    if (rehearse(token, c, err) == WORKS)
        return true;
    if (err->hint[0] != '\0' || err->reason != SSA_REASON_NONE)
        return false;
    if (way == SSA_IMPORT_PLAIN && offered(token))
        return error_reason(err, SSA_REASON_REHEARSAL_PLAIN, NULL);
    if (instead != NULL)
        error_hint(err, "%s", instead);
    return error_reason(err, c->on_token ? SSA_REASON_REHEARSAL : SSA_REASON_REHEARSAL_SESSION, NULL);
}

static bool cannot_unwrap(const struct token *token, const struct ssa_error *why, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, why->cause[0] != '\0' ? why->cause : NULL, token->info.uri,
              "the token cannot unwrap a key%s%s", why->what[0] != '\0' ? ": " : "", why->what);
    return error_reason(err, SSA_REASON_REHEARSAL_WRAP, NULL);
}

// Notes why a token gets its key plainly although it lists what wrapping needs.
static void tell_why_plain(struct import_plan *plan, const struct ssa_error *why)
{
    const bool cause = why->cause[0] != '\0';
    static_assert(sizeof plan->why_plain > sizeof why->what + sizeof why->cause + 48, "it fits");
    if (!text_format(plan->why_plain, sizeof plan->why_plain, "plain, since it cannot unwrap a key: %s%s%s%s",
                     why->what, cause ? " (" : "", why->cause, cause ? ")" : ""))
        plan->why_plain[0] = '\0';
}

static bool wraps(const struct token *token, enum ssa_import_way way)
{
    return way != SSA_IMPORT_PLAIN && !token->info.quirks->slots && offered(token);
}

// In a card's slot a rehearsal would be a real import, and its quirks were measured. Any other token may be configured
// to take no key, whatever its kind.
bool import_rehearses(const struct token *token, enum ssa_import_way way)
{
    return wraps(token, way) || (way != SSA_IMPORT_WRAP && !token->info.quirks->slots);
}

static bool rehearse_ways(struct token *token, struct creation *c, enum ssa_import_way way, struct ssa_error *err)
{
    struct ssa_error why = {0};
    const bool wrapping = wraps(token, way);
    const enum rehearsal wrapped = wrapping ? rehearse_wrapped(token, c, &why) : REFUSED;
    if (wrapped == STUCK)
        *err = why;
    if (wrapped != REFUSED)
        return wrapped == WORKS;
    if (way == SSA_IMPORT_WRAP)
        return cannot_unwrap(token, &why, err);
    if (wrapping)
        tell_why_plain(c->plan, &why);
    return rehearse_plainly(token, c, way, err);
}

bool import_rehearse(struct token *token, enum ssa_import_way way, bool on_token, struct import_plan *plan,
                     struct ssa_error *err)
{
    struct rsa_key numbers;
    SECRET_AUTO der = {0};
    if (way == SSA_IMPORT_WRAP && !wraps(token, way))
        return cannot_unwrap(token, &(struct ssa_error){0}, err);
    if (!import_rehearses(token, way))
        return true;
    if (!throwaway_key(&der, &numbers, err))
        return false;
    struct creation c = {.numbers = &numbers,
                         .id = span_text(plan->throwaway),
                         .label = span_text(plan->throwaway),
                         .plan = plan,
                         .on_token = on_token};
    const bool fit = rehearse_ways(token, &c, way, err);
    throwaway_settle(token, plan, on_token);
    return fit;
}

const char *import_way(const struct import_plan *plan)
{
    if (plan->scheme != NULL)
        return plan->scheme->name;
    return plan->why_plain[0] != '\0' ? plan->why_plain : "plain";
}
