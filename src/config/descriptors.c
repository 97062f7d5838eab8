#include "config/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/profiles.h"
#include "config/reference.h"
#include "core/text.h"
#include "hsm/uri/uri.h"

enum { NUMBER_BASE = 10 };

void descriptors_add(struct descriptors *d, int number)
{
    if (number >= 0 && d->count < DESCRIPTORS_MAX)
        d->list[d->count++] = (unsigned)number;
}

bool descriptors_have(const struct descriptors *d, int number)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->list[i] == (unsigned)number)
            return true;
    return false;
}

static void add_of_uri(struct descriptors *d, const char *text)
{
    URI_AUTO *uri = NULL;
    if (text != NULL && uri_text_is_uri(text) && uri_parse(text, &uri, ERROR_IGNORED) && uri_pin_source(uri) != NULL)
        descriptors_add(d, reference_descriptor(uri_pin_source(uri)));
}

static void add_of(struct descriptors *d, const struct ssa_settings *s)
{
    static const enum setting texts[] = {SET_PIN_SOURCE, SET_CLIENT_SECRET, SET_PRIVATE_KEY};
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *value = settings_get(s, texts[i], NULL);
        if (value != NULL)
            descriptors_add(d, reference_descriptor(value));
        add_of_uri(d, value);
    }
}

void descriptors_add_named(struct descriptors *d, const struct ssa_settings *settings)
{
    add_of(d, settings);
    for (size_t i = 1; i < settings_profile_count(settings); i++) {
        SETTINGS_VIEW_AUTO *view = settings_with_profile(settings, i);
        if (view != NULL)
            add_of(d, view);
    }
}

// The next one of them that is at least this one; ~0U where there is none.
static unsigned next_of(const struct descriptors *d, unsigned least)
{
    unsigned next = ~0U;
    for (size_t i = 0; i < d->count; i++)
        if (d->list[i] >= least && d->list[i] < next)
            next = d->list[i];
    return next;
}

void descriptors_close_others(const struct descriptors *kept)
{
    unsigned from = STDERR_FILENO + 1;
    for (unsigned next = next_of(kept, from); next != ~0U; next = next_of(kept, from)) {
        if (next > from)
            (void)close_range(from, next - 1, 0);
        from = next + 1;
    }
    (void)close_range(from, ~0U, 0);
}

static void close_one(const char *name, const struct descriptors *kept)
{
    char *end = NULL;
    const int number = (int)strtol(name, &end, NUMBER_BASE);
    if (end == name || *end != '\0' || number <= STDERR_FILENO || descriptors_have(kept, number))
        return;
    const int flags = fcntl(number, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0)
        (void)close(number);
}

void descriptors_close_inherited(const struct descriptors *kept)
{
    DIR *list = opendir("/proc/self/fd");
    if (list == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
        close_one(entry->d_name, kept);
    (void)closedir(list);
}
