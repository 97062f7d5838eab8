#include "core/result.h"

#include <errno.h>
#include <stdlib.h>

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

void ssa_text_free(struct ssa_text *text)
{
    if (text->owner != NULL) {
        secret_free(text->owner);
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
}
