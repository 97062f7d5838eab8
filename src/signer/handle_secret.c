// A signer's client secret.
#include "signer/handle.h"

// The secret is on a PKCS#11 token, perhaps on the signer's own.
static bool read_secret_of_token(struct ssa_signer *signer, struct ssa_error *err)
{
    struct client_secret *secret = &signer->secret;
    HANDLE_USE_AUTO use;
    if (!handle_enter(signer, &use, err))
        return false;
    const bool usable = (signer->ready && !token_is_over(signer->at.token)) || handle_renew(&use, err);
    if (!usable)
        return false;
    if (client_secret_complete(&signer->run, secret, signer->at.token, NULL, err))
        return true;
    // A session may be over, too, that was not used for long.
    const bool own = client_secret_place(secret, signer->at.token) == SECRET_ON_OPEN_TOKEN;
    secret_clear(&secret->text);
    return own && err->code == SSA_TOKEN && handle_renew(&use, err) &&
           client_secret_complete(&signer->run, secret, signer->at.token, NULL, err);
}

bool handle_read_secret(struct ssa_signer *signer, struct ssa_error *err)
{
    struct client_secret *secret = &signer->secret;
    if (client_secret_place(secret, NULL) == SECRET_NOT_BEGUN) {
        client_secret_free(secret);
        if (!client_secret_begin(&signer->run, secret, err)) {
            client_secret_free(secret);
            return false;
        }
    }
    return client_secret_place(secret, NULL) == SECRET_AT_HAND || read_secret_of_token(signer, err);
}
