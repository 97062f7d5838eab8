// A driver's new version may call a token otherwise. Its serial number and the key's id are its own.
#include "hsm/search/renamed.h"

#include "core/callback.h"
#include "hsm/object/find.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"
#include "hsm/uri/uri_match.h"

static bool shows(struct token *token, CK_ATTRIBUTE attribute, struct ssa_error *ignored)
{
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    CK_ULONG count = 0;
    return object_find_some(token, &attribute, 1, &found, 1, &count, ignored) && count > 0;
}

static bool shows_class(struct token *token, CK_OBJECT_CLASS class, struct ssa_error *ignored)
{
    return shows(token, (CK_ATTRIBUTE)ATTRIBUTE(CKA_CLASS, &class, sizeof class), ignored);
}

// Whether what the token shows without a login speaks against it. A token that shows nothing says nothing.
static bool shows_other_keys(struct token *token, const CK_ATTRIBUTE *id)
{
    struct ssa_error ignored;
    if (id == NULL || !session_open(token, false, &ignored) || shows(token, *id, &ignored))
        return false;
    return shows_class(token, CKO_PUBLIC_KEY, &ignored) || shows_class(token, CKO_CERTIFICATE, &ignored);
}

static void remember(struct token *token, const struct uri *uri)
{
    CK_TOKEN_INFO called;
    memcpy(called.label, token->info.name.label, sizeof called.label);
    memcpy(called.model, token->info.apart.model, sizeof called.model);
    uri_call_token(uri, &called);
    memcpy(token->was_called, called.label, sizeof token->was_called);
    memcpy(token->was_model, called.model, sizeof token->was_model);
    token->renamed = true;
}

bool token_is_renamed(struct token *token, const struct token_wanted *wanted, struct ssa_error *err)
{
    char named[URI_TEXT_MAX];
    const struct token_info *info = &token->info;
    const bool another = shows_other_keys(token, uri_attribute(wanted->uri, CKA_ID));
    session_close(token);
    uri_token_text(wanted->uri, named);
    if (another) {
        error_set(err, SSA_ABSENT, NULL, named,
                  "the token with this serial number is called \"%s\" and shows no key of this id", info->label);
        return error_hint(err, "If it is the one, name it as it is: %s", info->uri);
    }
    remember(token, wanted->uri);
    tell(wanted->callbacks, SSA_NOTICE, "%s is called \"%s\" there: it is known by its serial number. Name it %s",
         named, info->label, info->uri);
    return true;
}
