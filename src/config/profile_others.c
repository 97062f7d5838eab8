// What a profile holds beside our names.
#include "config/profile_others.h"
#include "core/read.h"

#include <errno.h>
#include <unistd.h>

#include "config/dotenv.h"

enum { FILE_MAX = 64 * 1024, LINES_MAX = 4096 };

// Which lines are ours. They are found in a copy of the text, since dotenv_read changes what it reads.
struct lines {
    profile_name_is_ours *ours_by_name;
    bool with_secret;
    bool ours[LINES_MAX + 1];
};

static bool mark(void *context, const struct assignment *a, struct ssa_error *err)
{
    struct lines *lines = context;
    if (a->last_line > LINES_MAX)
        return error_set(err, SSA_CONFIG, NULL, NULL, "the profile has more than %d lines", LINES_MAX);
    for (size_t line = a->line; lines->ours_by_name(a->name, lines->with_secret) && line <= a->last_line; line++)
        lines->ours[line] = true;
    return true;
}

static bool copy_others(const struct secret *text, const struct lines *lines, struct secret *out)
{
    const uint8_t *at = text->data, *const end = text->data + text->len;
    for (size_t line = 1; at < end; line++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *next = newline == NULL ? end : newline + 1;
        const bool ours = line <= LINES_MAX && lines->ours[line];
        if (!ours && !secret_append(out, span_of(at, (size_t)(next - at))))
            return false;
        if (!ours && newline == NULL && !secret_append_text(out, "\n"))
            return false;
        at = next;
    }
    return true;
}

static bool read_file(const char *path, struct secret *text, bool *exists, struct ssa_error *err)
{
    const int fd = read_open(path);
    const int number = errno;
    *exists = fd >= 0;
    if (fd < 0)
        return number == ENOENT ||
               error_errno(err, SSA_CONFIG, number, path, "the profile that is to be replaced cannot be read");
    const bool ok = read_secret(text, fd, path, NULL, err);
    (void)close(fd);
    return ok;
}

bool profile_others_append(const char *path, profile_name_is_ours *ours, bool with_secret, struct secret *out,
                           struct ssa_error *err)
{
    struct lines lines = {.ours_by_name = ours, .with_secret = with_secret};
    bool exists = false;
    SECRET_AUTO text = {0};
    SECRET_AUTO copy = {0};
    if (!secret_new(&text, FILE_MAX, err) || !secret_new(&copy, FILE_MAX, err) || !read_file(path, &text, &exists, err))
        return false;
    if (!exists)
        return true;
    // Both have one capacity, so it fits.
    return secret_append(&copy, secret_span(&text)) && dotenv_read(&copy, path, mark, &lines, err) &&
           (copy_others(&text, &lines, out) ||
            error_set(err, SSA_CONFIG, NULL, path, "holds too many other lines to be written again"));
}
