#include "agent/signer/inherited.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/profiles.h"
#include "config/reference.h"
#include "core/descriptor.h"
#include "core/text.h"
#include "hsm/uri/uri.h"

// The entries lie one behind the other in memory.
void inherited_lock_environment(void)
{
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    if (count == 0)
        return;
    const char *last = environ[count - 1];
    // Where it cannot be locked, secrets tell so.
    (void)mlock(environ[0], (size_t)(last + strlen(last) - environ[0]));
}

void inherited_leave_terminal(void)
{
    DESCRIPTOR_AUTO nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)setsid();
    if (nothing >= 0 && isatty(STDIN_FILENO) == 1)
        (void)dup2(nothing, STDIN_FILENO);
}

enum { KEPT_MAX = 4 * SSA_PROFILES_MAX };

struct kept {
    unsigned list[KEPT_MAX];
    size_t count;
};

static void keep_descriptor(struct kept *kept, const char *reference)
{
    char *end = NULL;
    if (reference == NULL || reference_kind(reference) != REFERENCE_FD || kept->count == KEPT_MAX)
        return;
    const long number = strtol(reference_name(reference), &end, 10);
    if (*end == '\0' && number >= 0 && number <= INT16_MAX)
        kept->list[kept->count++] = (unsigned)number;
}

static void keep_of_uri(struct kept *kept, const char *text)
{
    URI_AUTO *uri = NULL;
    if (text != NULL && uri_text_is_uri(text) && uri_parse(text, &uri, ERROR_IGNORED))
        keep_descriptor(kept, uri_pin_source(uri));
}

static void keep_of_settings(struct kept *kept, const struct ssa_settings *s)
{
    keep_descriptor(kept, settings_get(s, SET_PIN_SOURCE, NULL));
    keep_of_uri(kept, settings_get(s, SET_PRIVATE_KEY, NULL));
    keep_of_uri(kept, settings_get(s, SET_CLIENT_SECRET, NULL));
}

// The next one of them that is at least this one; ~0U where there is none.
static unsigned next_kept(const struct kept *kept, unsigned least)
{
    unsigned next = ~0U;
    for (size_t i = 0; i < kept->count; i++)
        if (kept->list[i] >= least && kept->list[i] < next)
            next = kept->list[i];
    return next;
}

void inherited_close(const struct ssa_settings *settings, int kept_one)
{
    struct kept kept = {.list = {(unsigned)kept_one}, .count = 1};
    keep_of_settings(&kept, settings);
    for (size_t i = 1; i < settings_profile_count(settings); i++) {
        SETTINGS_VIEW_AUTO *view = settings_with_profile(settings, i);
        if (view != NULL)
            keep_of_settings(&kept, view);
    }
    unsigned from = STDERR_FILENO + 1;
    for (unsigned next = next_kept(&kept, from); next != ~0U; next = next_kept(&kept, from)) {
        if (next > from)
            (void)close_range(from, next - 1, 0);
        from = next + 1;
    }
    (void)close_range(from, ~0U, 0);
}
