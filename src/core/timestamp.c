// The two forms of time that the API has been seen to answer with.
#include "core/timestamp.h"

#include <stdio.h>

enum { TIMESTAMP_MAX = 64 };

bool timestamp_read(struct span text, time_t *seconds)
{
    char copy[TIMESTAMP_MAX];
    if (text.len >= sizeof copy || memchr(text.data, 0, text.len) != NULL)
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
    char sign[2] = "";
    unsigned hours = 0, minutes = 0;
    if (sscanf(rest, "%1[+-]%2u:%2u", sign, &hours, &minutes) == 3 ||
        sscanf(rest, "%1[+-]%2u%2u", sign, &hours, &minutes) == 3)
        offset = (sign[0] == '-' ? -1 : 1) * (long)(hours * 3600 + minutes * 60);
    else if (*rest != '\0' && *rest != 'Z' && strcmp(rest, "UTC") != 0)
        return false;
    const time_t utc = timegm(&tm);
    if (utc == (time_t)-1)
        return false;
    *seconds = utc - offset;
    return true;
}
