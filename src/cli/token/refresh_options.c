#include <signal.h>
#include <stdlib.h>
#include <strings.h>

#include "cli/token/refresh.h"
#include "core/text.h"

static const char *const signals[] = {"HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "WINCH", NULL};
static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};

// As kill(1) takes them: with or without SIG, in any case, or as a number.
static const char *signal_meant(const char *text)
{
    static const char prefix[] = "SIG";
    const bool is_number = text[strspn(text, "0123456789")] == '\0';
    const long number = is_number ? strtol(text, NULL, 10) : 0;
    if (strncasecmp(text, prefix, sizeof prefix - 1) == 0)
        text += sizeof prefix - 1;
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (is_number ? number == numbers[i] : strcasecmp(text, signals[i]) == 0)
            return signals[i];
    return NULL;
}

enum { KILL_AFTER = 10, KILL_AFTER_MOST = 3600 };

const struct option option_refresh = {"refresh", "FILE", .help = "keep a fresh access token in FILE while CMD runs"};
const struct option option_refresh_format = {"refresh-format", "FORMAT", .help = "what FILE has in it",
                                             .values = grant_formats, .preset = "token"};
const struct option option_renew_signal = {"renew-signal", "SIGNAL", .help = "send CMD a signal after each renewal",
                                           .values = signals, .meant = signal_meant};
const struct option option_restart = {"restart", .help = "end CMD after each renewal, and start it again"};
const struct option option_kill_after = {"kill-after", "SECONDS",
                                         .help = "with --restart: how long CMD may take to end", .preset = "10"};

// An option without the one that it belongs to would do nothing.
static bool check_together(const struct arguments *a, struct ssa_error *err)
{
    const struct option *const of_refresh[] = {&option_refresh_format, &option_renew_signal, &option_restart};
    const struct option *const of_one[] = {&option_expires_in, &option_nbf, &option_cache, &option_min_ttl,
                                           &option_fresh};
    const bool refreshed = option_given(a, &option_refresh);
    for (size_t i = 0; i < sizeof of_refresh / sizeof of_refresh[0]; i++)
        if (!refreshed && option_given(a, of_refresh[i]))
            return error_set(err, SSA_USAGE, NULL, NULL, "--%s needs --refresh FILE", of_refresh[i]->name);
    for (size_t i = 0; i < sizeof of_one / sizeof of_one[0]; i++)
        if (refreshed && option_given(a, of_one[i]))
            return error_set(err, SSA_USAGE, NULL, NULL, "--%s cannot be used with --refresh", of_one[i]->name);
    if (option_given(a, &option_restart) && option_given(a, &option_renew_signal))
        return error_set(err, SSA_USAGE, NULL, NULL, "--restart and --renew-signal cannot be used together");
    return !option_given(a, &option_kill_after) || option_given(a, &option_restart) ||
           error_set(err, SSA_USAGE, NULL, NULL, "--kill-after needs --restart");
}

bool refresh_read(const struct arguments *a, struct refresh_wanted *wanted, struct ssa_error *err)
{
    size_t signal = 0;
    const char *kill_after = option_value(a, &option_kill_after);
    *wanted = (struct refresh_wanted){.path = option_value(a, &option_refresh),
                                      .format = GRANT_TOKEN,
                                      .restart = option_given(a, &option_restart),
                                      .kill_after = KILL_AFTER};
    if (!check_together(a, err) || !option_choice(a, &option_refresh_format, grant_formats, &wanted->format, err) ||
        !option_choice(a, &option_renew_signal, signals, &signal, err))
        return false;
    if (option_given(a, &option_renew_signal))
        wanted->signal = numbers[signal];
    return kill_after == NULL ||
           parse_seconds(kill_after, &option_kill_after, 0, KILL_AFTER_MOST, &wanted->kill_after, err);
}
