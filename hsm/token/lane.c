#include "hsm/token/lane.h"

#include <errno.h>
#include <stdlib.h>

#include "hsm/remote/lane.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"

bool token_takes_lanes(const struct token *token)
{
    return module_takes_threads(&token->module) && !token->info.quirks->one_at_a_time;
}

struct token *token_lane_open(const struct token *token, struct ssa_error *err)
{
    struct token *lane = calloc(1, sizeof *lane);
    if (lane == NULL) {
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a session");
        return NULL;
    }
    *lane = (struct token){.module = token->module, .slot = token->slot, .giver = token->giver, .info = token->info};
    const CK_RV rv = remote_open_lane(token->module.call, &lane->module.call);
    if (rv != CKR_OK) {
        (void)token_fail(err, SSA_TOKEN, rv, token, "the module's process serves no further thread");
        free(lane);
        return NULL;
    }
    if (!session_open(lane, false, err))
        token_lane_close(&lane);
    return lane;
}

void token_lane_close(struct token **lane)
{
    struct token *t = *lane;
    if (t == NULL)
        return;
    remote_close_lane(&t->module.call, t->session);
    free(t);
    *lane = NULL;
}
