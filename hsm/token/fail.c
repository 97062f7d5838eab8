#include "hsm/token/fail.h"

#include <stdarg.h>
#include <stdio.h>

#include "hsm/cryptoki/ckr.h"
#include "hsm/remote/remote.h"
#include "hsm/token/handle.h"

bool token_fail(struct ssa_error *err, enum ssa_class class, CK_RV rv, const struct token *token, const char *what, ...)
{
    char text[SSA_ERROR_TEXT_MAX], name[32];
    va_list args;
    va_start(args, what);
    if (vsnprintf(text, sizeof text, what, args) < 0)
        text[0] = '\0';
    va_end(args);
    if (remote_explain(token->module.call, rv, err)) {
        error_number(err, SSA_DOMAIN_PKCS11, rv);
        return false;
    }
    const char *left_out = rv == CKR_FUNCTION_NOT_SUPPORTED ? remote_left_out(token->module.call) : NULL;
    if (left_out != NULL)
        error_set(err, class, ckr_name(rv, name), token->info.uri, "%s: the PKCS#11 module %s has no %s", text,
                  token->module.entry.path, left_out);
    else
        error_set(err, class, ckr_name(rv, name), token->info.uri, "%s", text);
    error_number(err, SSA_DOMAIN_PKCS11, rv);
    if (rv != CKR_DEVICE_REMOVED && rv != CKR_TOKEN_NOT_PRESENT && rv != CKR_DEVICE_ERROR)
        return false;
    error_hint(err, "Is the token still plugged in, and its reader or server running?");
    return error_reason(err, SSA_REASON_TOKEN_GONE, NULL);
}
