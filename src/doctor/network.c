// The server: how far a request comes, and what time it is there. It is asked on a thread, while modules are asked.
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/callback.h"
#include "core/monotonic.h"
#include "core/text.h"
#include "core/thread.h"
#include "doctor/examination.h"
#include "oauth/probe.h"
#include "signer/client_secret.h"

enum { MOST_SECONDS = 10, THREAD_STACK = 1024 * 1024, LOOK_UP_MS = 5 };
// A clock that is off by more makes the API refuse assertions: they are valid for 300 s at most, and not from the
// future. What it forgives is not known.
enum { CLOCK_WARNING = 5, CLOCK_FAILURE = 60 };

static const char *const names[PROBE_STAGES] = {
    [PROBE_URL] = "base-url",          [PROBE_CA] = "ca",   [PROBE_PROXY] = "proxy",     [PROBE_NAME] = "dns",
    [PROBE_CONNECTION] = "connection", [PROBE_TLS] = "tls", [PROBE_ANSWER] = CHECK_CLOCK};

struct network {
    struct oauth_config config;
    unsigned seconds;
    pthread_t thread;
    bool started, has_settings;
    atomic_bool stop, ended;
    // Its thread's until ended, then the caller's.
    bool answered;
    struct probe probe;
    struct ssa_error why;
};

static bool is_stopped(void *context)
{
    struct network *network = context;
    return atomic_load(&network->stop);
}

static void *ask(void *context)
{
    struct network *network = context;
    network->answered =
        probe_server(&network->config, network->seconds, is_stopped, network, &network->probe, &network->why);
    atomic_store(&network->ended, true);
    return NULL;
}

struct network *network_begin(const struct examination *x)
{
    struct network *network = calloc(1, sizeof *network);
    const struct ssa_settings *s = x->run.settings;
    if (network == NULL)
        return NULL;
    network->has_settings = x->has_settings;
    network->seconds = x->run.timeout < MOST_SECONDS ? x->run.timeout : MOST_SECONDS;
    network->config = (struct oauth_config){.base_url = settings_base_url(s),
                                            .cacert = settings_get(s, SET_CACERT, NULL),
                                            .capath = settings_get(s, SET_CAPATH, NULL),
                                            .insecure_http = x->run.insecure_http};
    if (x->has_settings)
        network->started = thread_start(&network->thread, THREAD_STACK, ask, network);
    return network;
}

// Waits for its end, which a person's wish to stop brings near.
static void wait_for(const struct examination *x, struct network *network)
{
    if (!network->started)
        return;
    while (!atomic_load(&network->ended)) {
        callback_waiting(&x->run.callbacks, SSA_WAIT_SERVER, NULL, -1);
        if (callback_interrupted(&x->run.callbacks))
            atomic_store(&network->stop, true);
        pause_ms(LOOK_UP_MS);
    }
    (void)pthread_join(network->thread, NULL);
}

static void tell_proxy(struct examination *x, const struct probe *probe)
{
    const char *name = names[PROBE_PROXY];
    if (probe->plain)
        finding_ok(&x->found, name, NULL, "none is used for this machine");
    else if (!probe->proxy_named)
        finding_ok(&x->found, name, NULL, "none: neither https_proxy nor all_proxy is set");
    else if (probe->excepted_by != NULL)
        finding_ok(&x->found, name, NULL, "none for this host: %s excepts it from %s", probe->excepted_by,
                   probe->proxy_variable);
    else
        finding_ok(&x->found, name, NULL, "%s, from %s%s", probe->proxy[0] != '\0' ? probe->proxy : "one",
                   probe->proxy_variable, probe->proxy_has_user ? ", with a user that is not shown" : "");
}

static bool by_proxy(const struct probe *probe)
{
    return probe->proxy_named && probe->excepted_by == NULL && !probe->plain;
}

static void tell_clock(struct examination *x, const struct probe *probe)
{
    struct ssa_error why = {0};
    const long long off = llabs(probe->ahead);
    if (!probe->has_date) {
        finding_left_out(&x->found, CHECK_CLOCK, SSA_REASON_NONE, NULL, "the server's answer has no date");
        return;
    }
    if (off <= CLOCK_WARNING) {
        finding_ok(&x->found, CHECK_CLOCK, NULL, "agrees with the server's");
        return;
    }
    error_set(&why, SSA_CONFIG, NULL, NULL, "this machine's clock is %lld s %s the server's", off,
              probe->ahead > 0 ? "ahead of" : "behind");
    error_hint(&why, "Set the clock: `timedatectl set-ntp true`, where systemd keeps it.");
    if (off > CLOCK_FAILURE)
        finding_failure(&x->found, CHECK_CLOCK, &why);
    else
        finding_warning(&x->found, CHECK_CLOCK, &why);
}

// What a stage that was passed tells.
static void tell_stage(struct examination *x, const struct probe *probe, enum probe_stage stage)
{
    const char *name = names[stage];
    switch (stage) {
    case PROBE_URL:
        finding_ok(&x->found, name, NULL, "%s", settings_base_url(x->run.settings));
        break;
    case PROBE_CA:
        finding_ok(&x->found, name, NULL, "%s", probe->plain ? "none is needed for plain http" : probe->ca);
        break;
    case PROBE_PROXY:
        tell_proxy(x, probe);
        break;
    case PROBE_NAME:
        finding_ok(&x->found, name, NULL, by_proxy(probe) ? "the proxy looks %s up" : "%s has an address", probe->host);
        break;
    case PROBE_CONNECTION:
        finding_ok(&x->found, name, NULL, "%s%s can be reached", probe->host, by_proxy(probe) ? ", by the proxy," : "");
        break;
    case PROBE_TLS:
        finding_ok(&x->found, name, NULL,
                   probe->plain ? "none: plain http to this machine" : "the server's certificate is trusted");
        break;
    default:
        tell_clock(x, probe);
    }
}

static void tell_all(struct examination *x, const struct network *network)
{
    const struct probe *probe = &network->probe;
    for (enum probe_stage stage = 0; stage < PROBE_STAGES; stage++) {
        if (stage < probe->at || network->answered)
            tell_stage(x, probe, stage);
        else if (stage == probe->at)
            finding_failure(&x->found, names[stage], &network->why);
        else
            finding_skipped(&x->found, names[stage], names[probe->at]);
    }
}

void network_end(struct examination *x, struct network **given)
{
    struct network *network = *given;
    *given = NULL;
    if (network == NULL) {
        x->found.lost = true;
        return;
    }
    wait_for(x, network);
    // There was no thread: it is asked now.
    if (!network->started && network->has_settings)
        (void)ask(network);
    if (network->has_settings)
        tell_all(x, network);
    for (enum probe_stage stage = 0; !network->has_settings && stage < PROBE_STAGES; stage++)
        finding_skipped(&x->found, names[stage], CHECK_SETTINGS);
    free(network);
}
