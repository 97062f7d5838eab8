// Options whose value is a time.
#include "cli/command/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

bool parse_seconds(const char *text, const struct option *option, unsigned least, unsigned most, unsigned *seconds,
                   struct ssa_error *err)
{
    char *end = NULL;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] < '0' || text[0] > '9' || value < least || value > most)
        return error_set(err, SSA_USAGE, NULL, NULL, "--%s takes a whole number of seconds from %u to %u, not \"%s\"",
                         option->name, least, most, text);
    *seconds = (unsigned)value;
    return true;
}

bool parse_duration(const char *text, const struct option *option, long long *seconds, struct ssa_error *err)
{
    static const struct {
        const char *unit;
        long long seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    static const long long most = 10LL * 365 * 86400;
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    for (size_t i = 0; i < COUNT(units); i++)
        if (errno == 0 && text[0] >= '0' && text[0] <= '9' && strcmp(end, units[i].unit) == 0 && value > 0 &&
            value <= most / units[i].seconds) {
            *seconds = value * units[i].seconds;
            return true;
        }
    error_set(err, SSA_USAGE, NULL, NULL, "--%s %s is not a valid time", option->name, text);
    return error_hint(err, "Give a number of seconds, or a number with m, h or d: 90, 30m, 12h, 7d.");
}
