// Making an account: the rules for its name, and the call.
#include "aps/answer.h"
#include "aps/request.h"
#include "core/callback.h"
#include "core/text.h"
#include "oauth/call.h"
#include "oauth/failure.h"

enum { NAME_LEAST = 5, NAME_MOST = 100 };

static bool has_control(const char *name)
{
    char harmless[API_NAME_MAX];
    text_harmless(harmless, sizeof harmless, span_text(name));
    return strncmp(harmless, name, strlen(harmless)) != 0;
}

// Refuses what cannot be a name by any of the provider's rules.
static bool check_name(const char *which, const char *name, struct ssa_error *err)
{
    const char *why = name[0] == '\0'                  ? "is empty"
                      : !text_is_utf8(span_text(name)) ? "is not UTF-8"
                      : has_control(name)              ? "contains a control character"
                                                       : NULL;
    if (why == NULL)
        return true;
    error_set(err, SSA_USAGE, NULL, name, "is not a valid %s name for a service account: it %s", which, why);
    return error_hint(err, "A name has %d to %d letters, digits and dashes.", NAME_LEAST, NAME_MOST);
}

bool aps_check_account_name(const char *first, const char *last, struct ssa_error *err)
{
    if (!check_name("first", first, err) || !check_name("last", last, err))
        return false;
    if (strlen(first) + 1 + strlen(last) < API_NAME_MAX)
        return true;
    error_set(err, SSA_USAGE, NULL, first, "first and last name together are longer than %u bytes", API_NAME_MAX - 2);
    return error_hint(err, "The account's name FIRST-LAST has %d characters at most.", NAME_MOST);
}

// Whether every published rule allows it: 5 to 100 letters, digits and dashes, with at least one letter or digit. First
// names may have underscores. The naming guidelines allow them in last names, too.
static bool is_sure(const char *name)
{
    const size_t len = strlen(name);
    const bool allowed = strspn(name, TEXT_ALPHANUMERIC "-_") == len, some = strspn(name, "-_") < len;
    return allowed && some && len >= NAME_LEAST && len <= NAME_MOST;
}

void aps_doubt_account_name(const char *first, const char *last, const struct ssa_callbacks *callbacks)
{
    const char *const names[] = {first, last};
    for (size_t i = 0; i < COUNT(names); i++)
        if (!is_sure(names[i]))
            tell(callbacks, SSA_WARNING,
                 "the API may refuse the name \"%s\": a safe name has %d to %d letters, digits, dashes and "
                 "underscores, with at least one letter or digit",
                 names[i], NAME_LEAST, NAME_MOST);
    if (is_sure(first) && is_sure(last) && strlen(first) + 1 + strlen(last) > NAME_MOST)
        tell(callbacks, SSA_WARNING, "the API may refuse the name %s-%s: it is longer than %d characters", first, last,
             NAME_MOST);
    if (strchr(last, '_') != NULL)
        tell(callbacks, SSA_WARNING,
             "the API may refuse the last name \"%s\": not all of the provider's rules allow underscores", last);
}

bool aps_account_name(const char *first, const char *last, char name[static API_NAME_MAX])
{
    if (!text_format(name, API_NAME_MAX, "%s-%s", first, last))
        return false;
    // Not all of the provider's rules allow underscores; all allow dashes.
    for (char *p = name; (p = strchr(p, '_')) != NULL;)
        *p = '-';
    return true;
}

bool aps_account_create(struct oauth_client *client, const char *first, const char *last, struct aps_account *account,
                        enum oauth_outcome *outcome, struct ssa_error *err)
{
    *outcome = OAUTH_NOT_DONE;
    *account = (struct aps_account){0};
    char name[API_NAME_MAX];
    SECRET_AUTO body = {0};
    HTTP_RESPONSE_AUTO answer = {0};
    if (!aps_check_account_name(first, last, err))
        return false;
    if (!aps_account_name(first, last, name))
        return error_set(err, SSA_USAGE, NULL, first, "first and last name together are too long");
    const struct request_member names[] = {{"name", name}, {"firstName", first}, {"lastName", last}};
    if (!request_body(names, COUNT(names), &body, err) || !secret_new(&answer.body, OAUTH_ANSWER_MAX, err))
        return false;
    const struct call call = {
        .method = "POST",
        .path = "/service-accounts",
        .doing = "making an account",
        .content_type = "application/json",
        .body = secret_span(&body),
        .creates = true,
        .on_400 = SSA_REASON_ACCOUNT_NAME,
        .on_403 = SSA_REASON_ACCOUNT_REFUSED,
        .on_limit = SSA_REASON_ACCOUNT_LIMIT,
        .on_exists = SSA_REASON_ACCOUNT_EXISTS,
    };
    if (call_make(client, &call, &answer, false, outcome, err))
        return answer_account(secret_span(&answer.body), account, err) || failure_unusable(client, &call, &answer, err);
    // A body that was cut off may still have the id. With that the account can be found again.
    if (*outcome == OAUTH_DONE && !answer_account(secret_span(&answer.body), account, ERROR_IGNORED))
        account->email[0] = '\0';
    aps_explain_accounts(client, err);
    return false;
}
