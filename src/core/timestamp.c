#include "core/timestamp.h"

enum { TIMESTAMP_MAX = 64 };

bool timestamp_read(struct span text, time_t *seconds)
{
    char copy[TIMESTAMP_MAX];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, 0, text.len) != NULL)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';

    struct tm tm = {0};
    const char *rest = strptime(copy, "%Y-%m-%d", &tm);
    if (rest == NULL || (*rest != 'T' && *rest != ' '))
        return false;
    rest = strptime(rest + 1, "%H:%M:%S", &tm);
    if (rest == NULL)
        return false;
    if (*rest == '.' || *rest == ',')
        rest += 1 + strspn(rest + 1, "0123456789");
    rest += strspn(rest, " ");

    long offset = 0;
    const bool has_offset = *rest == '+' || *rest == '-';
    if (has_offset) {
        // %z takes +hhmm and +hh:mm; timegm below would overwrite what it sets.
        rest = strptime(rest, "%z", &tm);
        if (rest == NULL)
            return false;
        offset = tm.tm_gmtoff;
        rest += strspn(rest, " ");
    }
    // Go's form also names the zone. The offset before it counts.
    const bool named = *rest == '\0' || strspn(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(rest);
    const bool utc_only = *rest == '\0' || strcmp(rest, "Z") == 0 || strcmp(rest, "UTC") == 0;
    if (!(has_offset ? named : utc_only))
        return false;
    // timegm turns 31 February into a day in March.
    const int day = tm.tm_mday;
    const time_t utc = timegm(&tm);
    if (tm.tm_mday != day)
        return false;
    *seconds = utc - offset;
    return true;
}

bool timestamp_write(time_t seconds, char out[static TIMESTAMP_TEXT_MAX])
{
    struct tm utc;
    out[0] = '\0';
    return gmtime_r(&seconds, &utc) != NULL && utc.tm_year >= -1900 && utc.tm_year <= 9999 - 1900 &&
           strftime(out, TIMESTAMP_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0;
}
