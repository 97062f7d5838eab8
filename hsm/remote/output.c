#include "hsm/remote/output.h"

#include <errno.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/text.h"

enum { LINE_MAX_BYTES = 512, READS_MAX = 64 };

bool module_output_new(struct module_output *o, struct ssa_error *err)
{
    o->fd = -1;
    return secret_new(&o->line, LINE_MAX_BYTES, err);
}

static void tell_line(struct module_output *o, const struct ssa_callbacks *callbacks)
{
    char line[2 * LINE_MAX_BYTES];
    if (o->line.len == 0)
        return;
    text_harmless(line, sizeof line, secret_span(&o->line));
    tell(callbacks, SSA_DETAIL, "the PKCS#11 module prints: %s", line);
    secret_clear(&o->line);
}

static void take_byte(struct module_output *o, const struct ssa_callbacks *callbacks, char byte)
{
    const struct span one = span_of(&byte, 1);
    if (byte != '\n' && secret_append(&o->line, one))
        return;
    tell_line(o, callbacks);
    if (byte != '\n' && !secret_append(&o->line, one))
        o->ended = true;
}

bool module_output_hear(struct module_output *o, const struct ssa_callbacks *callbacks)
{
    char bytes[LINE_MAX_BYTES];
    ssize_t got = 1;
    if (o->fd < 0 || o->ended)
        return false;
    // A module that prints without end does not keep the caller here.
    for (unsigned reads = 0; !o->ended && got > 0 && reads < READS_MAX; reads++) {
        got = read(o->fd, bytes, sizeof bytes);
        for (ssize_t i = 0; i < got; i++)
            take_byte(o, callbacks, bytes[i]);
    }
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        o->ended = true;
    explicit_bzero(bytes, sizeof bytes);
    return !o->ended;
}

void module_output_end(struct module_output *o, const struct ssa_callbacks *callbacks)
{
    (void)module_output_hear(o, callbacks);
    tell_line(o, callbacks);
    o->ended = true;
}

void module_output_free(struct module_output *o)
{
    if (o->fd >= 0)
        (void)close(o->fd);
    o->fd = -1;
    secret_free(&o->line);
}
