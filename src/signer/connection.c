#include "signer/connection.h"

static bool begin(struct connection *c, struct ssa_error *err)
{
    return c->exchange != NULL || oauth_exchange_begin(c->client, c->assertion_len, c->scope, &c->exchange, err);
}

void connection_begin(struct connection *c)
{
    (void)begin(c, ERROR_IGNORED);
}

bool connection_finish(struct connection *c, const struct secret *assertion, unsigned lifetime, struct secret *answer,
                       struct ssa_error *err)
{
    if (!begin(c, err))
        return false;
    struct oauth_exchange *exchange = c->exchange;
    c->exchange = NULL;
    return oauth_exchange_finish(exchange, assertion, lifetime, answer, err);
}

void connection_end(struct connection *c)
{
    if (c->exchange != NULL)
        (void)oauth_exchange_finish(c->exchange, NULL, 0, NULL, ERROR_IGNORED);
    c->exchange = NULL;
}

static bool give(void *context, const struct token_info *info, struct secret *pin, struct ssa_error *err)
{
    struct connection *c = context;
    if (!c->pin.give(c->pin.context, info, pin, err))
        return false;
    connection_begin(c);
    return true;
}

static void outcome(void *context, const struct token_info *info, enum pin_outcome what)
{
    const struct connection *c = context;
    c->pin.outcome(c->pin.context, info, what);
}

static void waiting(void *context, const struct token_info *info)
{
    const struct connection *c = context;
    c->pin.waiting(c->pin.context, info);
}

static bool again(void *context, const struct token_info *info)
{
    const struct connection *c = context;
    return c->pin.again(c->pin.context, info);
}

static void pad_again(void *context, const struct token_info *info)
{
    const struct connection *c = context;
    c->pin.pad_again(c->pin.context, info);
}

struct pin_giver connection_after(struct connection *c, struct pin_giver pin)
{
    c->pin = pin;
    return (struct pin_giver){
        .context = c, .give = give, .outcome = outcome, .waiting = waiting, .again = again, .pad_again = pad_again};
}
