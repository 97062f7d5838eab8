#include "cli/agent/options.h"

#include <limits.h>
#include <stdlib.h>

#include "cli/agent/caller.h"
#include "core/text.h"

#define ADDRESS "ADDRESS:PORT"

const struct option option_foreground = {
    "foreground", .help = "stay in the foreground, with messages on standard error", .letter = 'D'};
const struct option option_csh = {"csh", .help = "print commands for csh (usual where SHELL is one)", .letter = 'c'};
const struct option option_allow = {"allow", "USER=SCOPES",
                                    .help = "another user who may ask, and for which scopes; may be repeated",
                                    .repeatable = true};
const struct option option_lock_after = {
    "lock-after", "TIME", .help = "lock when nobody has asked for this long: seconds, or a number with m, h or d"};
const struct option option_audit = {"audit", "journal|syslog|file:PATH",
                                    .help = "write down each access token that is handed out, and each signature"};
const struct option option_facade = {"facade", "[ADDRESS:]PORT",
                                     .help = "answer as the API's token endpoint does, on this host alone"};
const struct option option_listen = {"listen", ADDRESS, .help = "serve other hosts, over TLS with client certificates"};
const struct option option_tls_cert = {"tls-cert", "FILE", .help = "certificate for --listen, with its chain (PEM)"};
const struct option option_tls_key = {"tls-key", "FILE", .help = "its private key (PEM)"};
const struct option option_client_ca = {"client-ca", "FILE", .help = "who issues the certificates of callers (PEM)"};
const struct option option_locked = {"locked", .help = "do not log in, and ask for no PIN"};

static bool find_callers(struct agent_texts *texts, struct agent_options *options, struct ssa_error *err)
{
    if (options->facade == NULL && options->listen == NULL && secure_getenv("LISTEN_FDS") == NULL)
        return true;
    options->callers = texts->callers;
    return caller_path(texts->callers, err);
}

static bool read_audit(const char *text, struct agent_options *options, struct ssa_error *err)
{
    static const char file[] = "file:";
    if (text == NULL)
        return true;
    if (strcmp(text, "journal") == 0) {
        options->audit = AGENT_AUDIT_JOURNAL;
    } else if (strcmp(text, "syslog") == 0) {
        options->audit = AGENT_AUDIT_SYSLOG;
    } else if (strncmp(text, file, sizeof file - 1) == 0 && text[sizeof file - 1] != '\0') {
        options->audit = AGENT_AUDIT_FILE;
        options->audit_file = text + sizeof file - 1;
    } else {
        error_set(err, SSA_USAGE, NULL, NULL, "--audit cannot be \"%s\"", text);
        return error_hint(err, "It takes journal, syslog or file:PATH.");
    }
    return true;
}

static bool read_allowed(const char *text, char *user, size_t room, struct agent_allow *allow, struct ssa_error *err)
{
    const char *sign = strchr(text, '=');
    if (sign == NULL || sign == text || sign[1] == '\0') {
        error_set(err, SSA_USAGE, NULL, NULL, "--allow cannot be \"%s\"", text);
        return error_hint(err, "It names a user and what that one may ask for: --allow build=data:read");
    }
    if (!text_format(user, room, "%.*s", (int)(sign - text), text))
        return error_set(err, SSA_USAGE, NULL, NULL, "--allow has a name that is too long: \"%s\"", text);
    *allow = (struct agent_allow){.user = user, .scope = sign + 1};
    return true;
}

static bool read_all_allowed(const struct arguments *a, struct agent_texts *texts, struct agent_options *options,
                             struct ssa_error *err)
{
    const char *values[GIVEN_MAX];
    const size_t count = option_values(a, &option_allow, values);
    if (count > AGENT_ALLOW_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "--allow is given more than %d times", AGENT_ALLOW_MAX);
    for (size_t i = 0; i < count; i++)
        if (!read_allowed(values[i], texts->users[i], sizeof texts->users[i], &options->allow[i], err))
            return false;
    options->allow_count = count;
    return true;
}

static bool read_lock_after(const char *text, struct agent_options *options, struct ssa_error *err)
{
    long long seconds = 0;
    if (text == NULL)
        return true;
    if (!parse_duration(text, &option_lock_after, &seconds, err))
        return false;
    if (seconds > INT_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "--lock-after is too long: \"%s\"", text);
    options->lock_after = (unsigned)seconds;
    return true;
}

// A broker without one of these would serve anybody.
static bool check_broker(const struct agent_options *o, struct ssa_error *err)
{
    const bool some = o->tls_cert != NULL || o->tls_key != NULL || o->client_ca != NULL;
    const bool all = o->tls_cert != NULL && o->tls_key != NULL && o->client_ca != NULL;
    if (o->listen != NULL && !all)
        return error_set(err, SSA_USAGE, NULL, NULL, "--listen needs --tls-cert, --tls-key and --client-ca");
    // A service manager may have opened the socket.
    return o->listen != NULL || !some || secure_getenv("LISTEN_FDS") != NULL ||
           error_set(err, SSA_USAGE, NULL, NULL, "--tls-cert, --tls-key and --client-ca are for --listen");
}

bool agent_options_read(const struct arguments *a, struct agent_texts *texts, struct agent_options *options,
                        struct ssa_error *err)
{
    *options = (struct agent_options){.socket = texts->socket,
                                      .locked = option_given(a, &option_locked),
                                      .facade = option_value(a, &option_facade),
                                      .listen = option_value(a, &option_listen),
                                      .tls_cert = option_value(a, &option_tls_cert),
                                      .tls_key = option_value(a, &option_tls_key),
                                      .client_ca = option_value(a, &option_client_ca)};
    const char *profiles[GIVEN_MAX];
    options->profile_count = option_values(a, &option_profile, profiles);
    for (size_t i = 0; i < options->profile_count && i < AGENT_PROFILES_MAX; i++)
        options->profiles[i] = profiles[i];
    if (option_given(a, &option_foreground) && a->rest != NULL)
        return error_set(err, SSA_USAGE, NULL, NULL, "--foreground cannot be used with a program");
    return read_audit(option_value(a, &option_audit), options, err) && read_all_allowed(a, texts, options, err) &&
           read_lock_after(option_value(a, &option_lock_after), options, err) && check_broker(options, err) &&
           find_callers(texts, options, err);
}

static bool check_once(const struct agent_options *o, struct ssa_error *err)
{
    for (size_t i = 1; i < o->profile_count; i++)
        for (size_t before = 0; before < i; before++)
            if (strcmp(o->profiles[i], o->profiles[before]) == 0)
                return error_set(err, SSA_USAGE, NULL, o->profiles[i], "this profile is named twice");
    return true;
}

// One that nobody has named comes after the environment, as it does without an agent.
bool agent_options_complete(const struct ssa_run *run, struct agent_texts *texts, struct agent_options *options,
                            struct ssa_error *err)
{
    options->run = *run;
    if (options->profile_count > 0)
        return check_once(options, err);
    const char *named = ssa_settings_value(run->settings, "SSA_HSM_PROFILE");
    if (named == NULL || strchr(named, ':') == NULL) {
        options->profile_count = 1;
        return true;
    }
    if (!text_format(texts->profiles, sizeof texts->profiles, "%s", named))
        return error_set(err, SSA_CONFIG, NULL, "SSA_HSM_PROFILE", "is too long");
    char *rest = texts->profiles;
    for (const char *name = strsep(&rest, ":"); name != NULL; name = strsep(&rest, ":")) {
        if (options->profile_count == AGENT_PROFILES_MAX)
            return error_set(err, SSA_CONFIG, NULL, "SSA_HSM_PROFILE", "names more than %d profiles",
                             AGENT_PROFILES_MAX);
        options->profiles[options->profile_count++] = name;
    }
    return check_once(options, err);
}
