// An open token: what it is called, whether it can do what is wanted of it, and its end.
#include "hsm/calls.h"

#include <stdlib.h>

#include "hsm/one_user.h"
#include "hsm/recipe.h"

void token_close(struct token **token)
{
    if (*token == NULL)
        return;
    token_free(token);
    one_user_end();
}

void token_free(struct token **token)
{
    struct token *t = *token;
    if (t == NULL)
        return;
    session_close(t);
    module_close(&t->module);
    secret_free(&t->pin);
    secret_free(&t->so_pin);
    free(t);
    *token = NULL;
}

const struct token_info *token_info(const struct token *token)
{
    return &token->info;
}

bool token_uri(const struct token *token, char out[static URI_TEXT_MAX], struct ssa_error *err)
{
    return entry_token_uri(&token->module.entry, &token->info, out, err);
}

const char *token_module_path(const struct token *token)
{
    const struct module_entry *entry = &token->module.entry;
    return entry->name[0] == '\0' ? entry->path : NULL;
}

const char *token_module_name(const struct token *token)
{
    const struct module_entry *entry = &token->module.entry;
    return entry->name[0] == '\0' ? NULL : entry->name;
}

static bool signs(const struct token *token, CK_MECHANISM_TYPE type)
{
    CK_MECHANISM_INFO info;
    return token->module.call->C_GetMechanismInfo(token->slot, type, &info) == CKR_OK &&
           (info.flags & CKF_SIGN) != 0;
}

static bool never_imports(const struct token *token, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, NULL, token->info.uri, "this kind of token (%s) cannot take a key from here",
              token->info.recipe->name);
    return error_hint(err, "%s", token->info.recipe->instead);
}

bool token_check_able(const struct token *token, struct ssa_error *err)
{
    if (token->info.recipe->import_as == IMPORT_NEVER)
        return never_imports(token, err);
    if (token->info.write_protected) {
        error_set(err, SSA_TOKEN, "CKF_WRITE_PROTECTED", token->info.uri, "the token is write-protected");
        return error_hint(err, "Choose another token with --token; `ssa-hsm hsm list` shows them.");
    }
    if (!signs(token, CKM_SHA256_RSA_PKCS) && !signs(token, CKM_RSA_PKCS)) {
        const char *left_out = calls_left_out();
        if (left_out != NULL)
            return error_set(err, SSA_TOKEN, "CKR_FUNCTION_NOT_SUPPORTED", token->info.uri,
                             "whether the token signs is not told: the PKCS#11 module %s has no %s",
                             token->module.entry.path, left_out);
        error_set(err, SSA_TOKEN, "CKR_MECHANISM_INVALID", token->info.uri, "the token cannot sign with RSA");
        return error_hint(
            err, "It offers neither CKM_SHA256_RSA_PKCS nor CKM_RSA_PKCS: choose another with --token.");
    }
    return true;
}

const char *token_so_pin_name(const struct token *token, const char **factory)
{
    *factory = token->info.recipe->so_pin_factory;
    return token->info.recipe->import_as == IMPORT_AS_SO ? token->info.recipe->so_pin_name : NULL;
}
