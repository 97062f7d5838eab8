// The PKCS#11 token that the settings name: whether it is there.
#include "config/token_name.h"
#include "core/text.h"
#include "doctor/examination.h"

void choose_token(struct examination *x)
{
    const char *named = settings_get(x->run.settings, SET_TOKEN, NULL);
    if (!x->has_settings)
        return;
    if (x->has_identity)
        x->token_is_unclear = !uri_parse(x->identity.private_key, &x->at.uri, &x->token_fault);
    else if (named != NULL)
        x->token_is_unclear = !token_name_parse(named, &x->at.uri, &x->token_fault);
}

void check_token(struct examination *x)
{
    struct ssa_error why = {0};
    if (x->token_is_unclear) {
        finding_failure(&x->found, CHECK_TOKEN, &x->token_fault);
        return;
    }
    if (!findings_passed(&x->found, CHECK_MODULE)) {
        finding_skipped(&x->found, CHECK_TOKEN, CHECK_MODULE);
        return;
    }
    if (!open_token_find(&x->run, &x->at, &why)) {
        finding_failure(&x->found, CHECK_TOKEN, &why);
        return;
    }
    const struct token_info *info = token_info(x->at.token);
    finding_ok(&x->found, CHECK_TOKEN, info->uri, "is there (%s%s%s)", info->manufacturer,
               info->model[0] != '\0' ? " " : "", info->model);
}
