// A private key's object, and what a token's refusal to make one means.
#include "hsm/object.h"
#include "hsm/recipe.h"

bool key_of_numbers(const struct rsa_key *numbers, struct key *key, struct ssa_error *err)
{
    *key = (struct key){.modulus_len = numbers->n.len, .exponent_len = numbers->e.len};
    if (numbers->n.len > sizeof key->modulus || numbers->e.len > sizeof key->exponent)
        return error_set(err, SSA_CONFIG, NULL, NULL, "the key's public numbers are too long");
    memcpy(key->modulus, numbers->n.data, numbers->n.len);
    memcpy(key->exponent, numbers->e.data, numbers->e.len);
    return true;
}

bool creation_refused(struct ssa_error *err, const struct token *token, CK_RV rv, const char *what)
{
    ckr_fail(err, SSA_TOKEN, rv, token, "the token does not take the %s key", what);
    if (err != NULL && err->hint[0] == '\0')
        return error_hint(err, "Not every token can import a key: see the README's list of tokens.");
    return false;
}

bool surely_not_made(CK_RV rv)
{
    return ckr_is_of_template(rv) || rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_USER_TYPE_INVALID ||
           rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_SESSION_READ_ONLY || rv == CKR_TOKEN_WRITE_PROTECTED ||
           rv == CKR_ARGUMENTS_BAD || rv == CKR_DEVICE_MEMORY || rv == CKR_MECHANISM_INVALID ||
           rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_WRAPPED_KEY_INVALID ||
           rv == CKR_WRAPPED_KEY_LEN_RANGE || rv == CKR_UNWRAPPING_KEY_HANDLE_INVALID ||
           rv == CKR_UNWRAPPING_KEY_SIZE_RANGE || rv == CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
}

// What a session object was given may be too much for one that stays, on a token that nobody has measured.
// Nothing with this id was there before: nothing must be there now.
static bool put_without_mechanisms(struct token *token, const struct creation *creation, CK_RV rv,
                                   struct key *key)
{
    struct creation less = *creation;
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    const bool may_help = ckr_is_of_template(rv) || rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED;
    if (!token->info.recipe->unknown || (creation->parts & PART_MECHANISMS) == 0 || !may_help ||
        !object_find(token, CKO_PRIVATE_KEY, creation->id, &made, NULL) || made != CK_INVALID_HANDLE)
        return false;
    less.parts &= ~(unsigned)PART_MECHANISMS;
    if (object_put_private(token, &less, &key->private_object) != CKR_OK)
        return false;
    token->left_out |= PART_MECHANISMS;
    return true;
}

bool create_private(struct token *token, const struct creation *creation, struct key *key,
                    struct ssa_error *err)
{
    const CK_RV rv = object_put_private(token, creation, &key->private_object);
    if (rv == CKR_OK || put_without_mechanisms(token, creation, rv, key))
        return true;
    key->private_object = surely_not_made(rv) ? CK_INVALID_HANDLE : CK_UNAVAILABLE_INFORMATION;
    return creation_refused(err, token, rv, "private");
}
