// Points in time for people.
#include "cli/output/age.h"

#include <string.h>
#include <time.h>

#include "core/text.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, MONTH = 2629746, YEAR = 12 * MONTH };

void age_text(long long seconds, long long now, char out[static AGE_TEXT_MAX])
{
    // A unit is used from two of it on, except for minutes: "25 hours" tells more than "1 day".
    static const struct {
        long long least, unit;
        const char *name;
    } units[] = {{2LL * YEAR, YEAR, "year"},
                 {2LL * MONTH, MONTH, "month"},
                 {2LL * DAY, DAY, "day"},
                 {2LL * HOUR, HOUR, "hour"},
                 {MINUTE, MINUTE, "minute"}};
    const bool past = seconds <= now;
    const long long apart = past ? now - seconds : seconds - now;
    bool fits = text_format(out, AGE_TEXT_MAX, "%s", past ? "just now" : "in a moment");
    for (size_t i = 0; i < COUNT(units); i++) {
        if (apart < units[i].least)
            continue;
        const long long count = apart / units[i].unit;
        fits = text_format(out, AGE_TEXT_MAX, "%s%lld %s%s%s", past ? "" : "in ", count, units[i].name,
                           count == 1 ? "" : "s", past ? " ago" : "");
        break;
    }
    if (!fits)
        out[0] = '\0';
}

void when_text(struct ssa_time time, long long now, char out[static WHEN_TEXT_MAX])
{
    struct tm local;
    const time_t at = (time_t)time.seconds;
    char date[32], age[AGE_TEXT_MAX];
    age_text(time.seconds, now, age);
    if (!time.known || localtime_r(&at, &local) == NULL || strftime(date, sizeof date, "%Y-%m-%d %H:%M", &local) == 0 ||
        !text_format(out, WHEN_TEXT_MAX, "%s (%s)", date, age))
        memcpy(out, "-", sizeof "-");
}

void when_json(struct json_writer *w, const char *name, struct ssa_time time)
{
    member_time(w, name, time.known, (time_t)time.seconds);
}
