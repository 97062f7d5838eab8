#include "agent/link/backoff.h"

void backoff_started(struct backoff *b, long long now)
{
    b->started = now;
}

void backoff_died(struct backoff *b, long long now)
{
    if (b->wait_ms == 0 || now - b->started >= BACKOFF_LIFE_MS)
        b->wait_ms = BACKOFF_LEAST_MS;
    else
        b->wait_ms = b->wait_ms < BACKOFF_MOST_MS / 2 ? b->wait_ms * 2 : BACKOFF_MOST_MS;
    b->earliest = now + b->wait_ms;
}

void backoff_forget(struct backoff *b)
{
    *b = (struct backoff){.started = b->started};
}

long long backoff_left(const struct backoff *b, long long now)
{
    return b->earliest > now ? b->earliest - now : 0;
}
