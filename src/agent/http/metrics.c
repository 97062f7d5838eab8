// GET /v1/metrics: Prometheus's text format, version 0.0.4.
#include <stdio.h>

#include "agent/http/answer.h"
#include "core/text.h"

enum { METRICS_MAX = 64 * 1024, LINE_MAX_BYTES = 1024 };

static __attribute__((format(printf, 2, 3))) void line(struct secret *out, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(text, sizeof text - 1, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof text - 1)
        return;
    text[len] = '\n';
    // A line that does not fit is left out whole, and all after it.
    if (!secret_append(out, span_of(text, (size_t)len + 1)))
        out->capacity = out->len;
}

static void head(struct secret *out, const char *name, const char *type, const char *help)
{
    line(out, "# HELP ssa_hsm_agent_%s %s", name, help);
    line(out, "# TYPE ssa_hsm_agent_%s %s", name, type);
}

static void one(struct secret *out, const char *name, const char *type, const char *help, unsigned long long value)
{
    head(out, name, type, help);
    line(out, "ssa_hsm_agent_%s %llu", name, value);
}

static void counts(struct secret *out, struct service *service)
{
    const struct service_counts c = service_counts(service);
    one(out, "access_tokens_served_total", "counter", "Access tokens handed out.", c.served);
    one(out, "access_tokens_from_cache_total", "counter", "Of these, from the cache.", c.from_cache);
    one(out, "access_tokens_fetched_total", "counter", "Access tokens fetched from the API.", c.fetched);
    one(out, "access_tokens_renewed_total", "counter", "Of these, renewed before somebody asked.", c.renewed);
    one(out, "callers_failed_total", "counter", "Callers that got no access token.", c.failed);
    one(out, "signatures_total", "counter", "Assertions signed.", c.signatures);
    one(out, "upstream_requests_total", "counter", "Requests sent to the API.", c.upstream_requests);
    one(out, "rate_limited_total", "counter", "Of these, because of the API's rate limit.", c.rate_limited);
}

// A label's value: what would end it is left out.
static const char *label(const char *text, char out[static 256])
{
    size_t len = 0;
    for (const char *c = text; *c != '\0' && len < 255; c++)
        if (*c != '"' && *c != '\\' && (unsigned char)*c >= ' ')
            out[len++] = *c;
    out[len] = '\0';
    return out;
}

typedef unsigned long long gauge(const struct profile_status *profile);

static unsigned long long unlocked(const struct profile_status *profile)
{
    return !profile->locked && profile->signer.state == SIGNER_OPEN;
}

static unsigned long long failing(const struct profile_status *profile)
{
    return profile->last.code != SSA_OK;
}

static unsigned long long waiting(const struct profile_status *profile)
{
    return profile->waiting;
}

static unsigned long long entries(const struct profile_status *profile)
{
    return profile->entries;
}

static unsigned long long budget(const struct profile_status *profile)
{
    return profile->budget_left;
}

static unsigned long long starts(const struct profile_status *profile)
{
    return profile->signer_starts;
}

static void profiles(struct secret *out, struct service *service)
{
    static const struct {
        const char *name, *type, *help;
        gauge *of;
    } gauges[] = {
        {"unlocked", "gauge", "Whether the signer is logged in.", unlocked},
        {"failing", "gauge", "Whether the last fetch failed.", failing},
        {"waiting", "gauge", "Callers that wait.", waiting},
        {"cache_entries", "gauge", "Entries of the cache.", entries},
        {"budget_left", "gauge", "Requests to the API that are left within this minute.", budget},
        {"signer_starts_total", "counter", "How often the signer was started.", starts},
    };
    char name[256];
    for (size_t i = 0; i < COUNT(gauges); i++) {
        head(out, gauges[i].name, gauges[i].type, gauges[i].help);
        for (size_t p = 0; p < service_profile_count(service); p++) {
            struct profile_status profile;
            service_profile_status(service, p, &profile);
            line(out, "ssa_hsm_agent_%s{profile=\"%s\"} %llu", gauges[i].name, label(profile.name, name),
                 gauges[i].of(&profile));
        }
    }
}

static void connections(struct secret *out, struct http_server *server)
{
    struct connections *c = &server->connections;
    (void)pthread_mutex_lock(&c->mutex);
    const unsigned long long total = c->total, admitted = c->admitted, refused = c->refused, shed = c->shed;
    (void)pthread_mutex_unlock(&c->mutex);
    one(out, "connections", "gauge", "Connections that are open.", total);
    one(out, "connections_total", "counter", "Connections that were taken.", admitted);
    one(out, "connections_refused_total", "counter", "Connections for which there was no room.", refused);
    one(out, "connections_shed_total", "counter", "Idle connections that made room for others.", shed);
    head(out, "requests_total", "counter", "Requests that were answered, by their outcome.");
    for (int i = 0; i < FAILURES; i++)
        line(out, "ssa_hsm_agent_requests_total{outcome=\"%s\"} %llu", failure_name((enum failure)i),
             atomic_load(&server->ended[i]));
}

enum MHD_Result metrics_answer(struct http_server *server, struct connection *connection)
{
    SECRET_AUTO body = {0};
    if (!secret_new(&body, METRICS_MAX, ERROR_IGNORED))
        return MHD_NO;
    counts(&body, server->config.service);
    profiles(&body, server->config.service);
    connections(&body, server);
    return end_with(server, connection, FAILURE_NONE, reply_make(&body, "text/plain; version=0.0.4; charset=utf-8"),
                    NULL);
}
