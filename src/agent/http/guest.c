#include "agent/http/guest.h"

#include <stdlib.h>

#include "agent/http/inside.h"
#include "core/text.h"

void guest_free(struct guest *guest)
{
    if (guest == NULL)
        return;
    secret_free(&guest->form);
    secret_free(&guest->authorization);
    free(guest);
}

bool guest_is_as_provider(const struct connection *connection)
{
    return connection->guest != NULL && connection->guest->as_provider;
}

void guest_take(struct connection *connection)
{
    struct guest *guest = connection->guest;
    connection->caller.name = guest->entry.name;
    connection->caller.san = guest->entry.san;
    connection->caller.rights = RIGHTS_TOKENS;
    connection->caller.scope = guest->entry.scope;
}

bool guest_may_ask(struct http_server *server, const struct connection *connection, long long *wait_ms)
{
    return guests_allow(server->guests, connection->guest->entry.name, GUEST_REQUESTS, monotonic_ms(), wait_ms);
}

bool guest_narrow(const struct http_server *server, const struct connection *connection, struct demand *demand)
{
    const struct caller_entry *entry = &connection->guest->entry;
    const char *own = entry->profile[0] != '\0' ? entry->profile : server->first_profile;
    if (text_present(demand->profile) && strcmp(demand->profile, own) != 0)
        return false;
    demand->profile = own;
    if (!text_present(demand->scope))
        demand->scope = entry->scope;
    return true;
}
