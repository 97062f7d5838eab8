#include "cli/account/account.h"

void account_members(struct json_writer *w, const struct ssa_account *account)
{
    member_text(w, "serviceAccountId", account->id);
    member_text(w, "email", account->email);
    member_text(w, "createdBy", account->created_by);
    member_text(w, "status", account->status);
    when_json(w, "createdAt", account->created);
    when_json(w, "accessedAt", account->accessed);
    when_json(w, "expiresAt", account->expires);
    member_bool(w, "own", account->own);
}

bool account_print_json(const struct ssa_account *account, const bool *changed, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    account_members(&d.json, account);
    if (changed != NULL)
        member_bool(&d.json, "changed", *changed);
    return document_print(&d, err);
}

const char *account_argument(const struct invocation *i)
{
    return i->arguments->word_count > 0 ? i->arguments->words[0] : NULL;
}
