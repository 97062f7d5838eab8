#include "hsm/login/touch.h"

#include "hsm/remote/remote.h"
#include "hsm/token/handle.h"

static void waits(void *context)
{
    struct touch *touch = context;
    touch->told = true;
    touch->token->giver.waiting(touch->token->giver.context, &touch->token->info);
}

void touch_begin(struct touch *touch, const struct token *token)
{
    *touch = (struct touch){.token = token};
    if (token->info.quirks->wants_touch && token->giver.waiting != NULL)
        remote_on_waiting(token->module.call, waits, touch);
}

void touch_end(struct touch *touch)
{
    remote_on_waiting(touch->token->module.call, NULL, NULL);
}
