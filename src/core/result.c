#include "core/result.h"

#include <errno.h>
#include <stdlib.h>

#include "core/secret_pool.h"

bool result_take(struct ssa_text *text, struct secret *secret, struct ssa_error *err)
{
    struct secret *owner = malloc(sizeof *owner);
    if (owner == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the result");
    *owner = *secret;
    *secret = (struct secret){0};
    *text = (struct ssa_text){.text = secret_text(owner), .len = owner->len, .owner = owner};
    return true;
}

bool result_copy(struct ssa_text *out, const char *text, size_t most, struct ssa_error *err)
{
    SECRET_AUTO copy = {0};
    if (!secret_new(&copy, most, err))
        return false;
    if (!secret_append_text(&copy, text))
        return error_set(err, SSA_UNEXPECTED, NULL, text, "is too long");
    return result_take(out, &copy, err);
}

void ssa_text_free(struct ssa_text *text)
{
    if (text->owner != NULL) {
        secret_pool_give(text->owner);
        free(text->owner);
    }
    *text = (struct ssa_text){0};
}

void ssa_grant_free(struct ssa_grant *grant)
{
    ssa_text_free(&grant->json);
    ssa_text_free(&grant->token);
}

void ssa_created_free(struct ssa_created *created)
{
    ssa_text_free(&created->block);
    ssa_text_free(&created->key_uri);
}
