// Whether a signer's login still stands.
#include "signer/handle.h"

#include "hsm/login/login.h"

bool handle_look(struct ssa_signer *signer, struct ssa_error *err)
{
    HANDLE_USE_AUTO use;
    if (!handle_enter(signer, &use, err))
        return false;
    return (signer->ready && !token_is_over(signer->at.token) && login_stands(signer->at.token)) ||
           handle_renew(&use, err);
}

bool handle_is_attended(const struct ssa_signer *signer)
{
    return pin_attended(&signer->at.pin, token_info(signer->at.token));
}
