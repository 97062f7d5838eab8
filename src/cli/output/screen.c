#include "cli/output/screen.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/text.h"

enum { COLUMNS_MOST = 9999 };

bool screen_is_at(int fd)
{
    const char *kind = getenv("TERM");
    return text_present(kind) && strcmp(kind, "dumb") != 0 && isatty(fd) == 1;
}

static size_t columns_named(void)
{
    const char *text = getenv("COLUMNS");
    if (!text_present(text) || strlen(text) > 4 || text[strspn(text, "0123456789")] != '\0')
        return 0;
    return (size_t)strtoul(text, NULL, 10);
}

size_t screen_columns_known(int fd)
{
    struct winsize size = {0};
    const size_t named = columns_named();
    if (named > 0)
        return named;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col < COLUMNS_MOST ? size.ws_col : COLUMNS_MOST;
}

size_t screen_columns(int fd)
{
    const size_t known = screen_columns_known(fd);
    return known > 0 ? known : SCREEN_COLUMNS;
}

bool screen_has_colours(int fd)
{
    return !text_present(getenv("NO_COLOR")) && screen_is_at(fd);
}

// The character itself needs a terminal that reads UTF-8.
const char *screen_ellipsis(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"}; // in the order of locale(7)
    const char *locale = NULL;
    for (size_t i = 0; i < COUNT(names) && !text_present(locale); i++)
        locale = getenv(names[i]);
    const bool utf8 = locale != NULL && (strcasestr(locale, "utf-8") != NULL || strcasestr(locale, "utf8") != NULL);
    return utf8 ? "\u2026" : "...";
}

const char *tone_begin(enum tone tone)
{
    static const char *const codes[] = {
        [TONE_PLAIN] = "", [TONE_GOOD] = "\033[32m", [TONE_WARNING] = "\033[33m", [TONE_BAD] = "\033[31m"};
    return codes[tone];
}

const char *tone_end(enum tone tone)
{
    return tone == TONE_PLAIN ? "" : "\033[0m";
}
