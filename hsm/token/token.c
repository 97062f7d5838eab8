#include "hsm/token/token.h"

#include <stdlib.h>

#include "hsm/remote/calls.h"
#include "hsm/token/describe.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"
#include "hsm/uri/uri_match.h"

void token_close(struct token **token)
{
    struct token *t = *token;
    if (t == NULL)
        return;
    module_close(&t->module, t->session, t->logged_in);
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
    return token_write_uri(&token->module.entry, &token->info, out, err);
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

bool token_is_over(const struct token *token)
{
    return remote_over(token->module.call) != CKR_OK;
}

bool token_answers(const struct token *token, struct ssa_error *err)
{
    const CK_RV over = remote_over(token->module.call);
    return over == CKR_OK || token_fail(err, SSA_ABSENT, over, token, "the token cannot be asked");
}

void token_forgive(struct token *token)
{
    remote_forgive(token->module.call);
}

bool token_matches(const struct token *token, const struct uri *uri)
{
    CK_INFO info = {0};
    CK_SLOT_INFO slot = {0};
    CK_TOKEN_INFO about;
    struct remote *call = token->module.call;
    // A field that the module does not tell matches no URI that names it.
    if (call_get_info(call, &info) != CKR_OK)
        info = (CK_INFO){0};
    if (call_get_slot_info(call, token->slot, &slot) != CKR_OK)
        slot = (CK_SLOT_INFO){0};
    if (call_get_token_info(call, token->slot, &about) != CKR_OK)
        return false;
    if (uri_matches(uri, &info, &slot, token->slot, &about) ||
        (token->info.apart.serial_is_one && uri_matches_by_serial(uri, &info, &slot, token->slot, &about)))
        return true;
    // The token was found by a URI with its former label and model. Other URIs may have these, too.
    memcpy(about.label, token->called.label, sizeof about.label);
    memcpy(about.model, token->called.model, sizeof about.model);
    return token->renamed && uri_matches(uri, &info, &slot, token->slot, &about);
}
