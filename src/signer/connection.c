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
