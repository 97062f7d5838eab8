// Reading a secret from where a reference says it is.
#include "flow/source.h"
#include "flow/read.h"
#include "flow/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/tell.h"
#include "core/text.h"

static bool read_file(const char *text, const struct ssa_callbacks *warn, struct secret *secret,
                      struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    if (!source_path(text, path, err))
        return false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const int number = errno;
        return error_errno(err, SSA_CONFIG, number, path, "cannot be read");
    }
    source_warn_if_shared(fd, path, warn);
    const bool ok = read_secret(secret, fd, path, warn, err);
    (void)close(fd);
    return ok;
}

static bool read_variable(const char *text, bool overwrite, struct secret *secret, struct ssa_error *err)
{
    char *value = secure_getenv(source_name(text));
    if (value == NULL || value[0] == '\0')
        return error_set(err, SSA_CONFIG, NULL, text, "the variable is not set");
    const bool fits = secret_append_text(secret, value);
    // What /proc/PID/environ shows, and what a child would inherit.
    if (overwrite)
        wipe(value, strlen(value));
    return fits || error_set(err, SSA_CONFIG, NULL, text, "is longer than %zu bytes", secret->capacity);
}

// Of a variable that the settings have moved to locked memory.
static bool take_copy(const char *text, const char *copy, struct secret *secret, struct ssa_error *err)
{
    return secret_append_text(secret, copy) ||
           error_set(err, SSA_CONFIG, NULL, text, "is longer than %zu bytes", secret->capacity);
}

static bool read_descriptor(const char *text, const struct ssa_callbacks *callbacks, struct secret *secret,
                            struct ssa_error *err)
{
    const char *digits = source_name(text);
    char *end = NULL;
    errno = 0;
    const long number = strtol(digits, &end, 10);
    if (errno != 0 || end == digits || *end != '\0' || number < 0 || number > INT16_MAX)
        return error_set(err, SSA_CONFIG, NULL, text, "is no file descriptor");
    if (!read_secret(secret, (int)number, text, callbacks, err))
        return false;
    (void)close((int)number);
    return true;
}

bool source_read(const char *text, const char *subject, const struct ssa_run *run, struct secret *secret,
                 struct ssa_error *err)
{
    bool ok = false;
    const char *copied = run->settings == NULL ? NULL : settings_secret_variable(run->settings, text);
    switch (source_kind(text)) {
    case SOURCE_FILE:
    case SOURCE_CREDENTIAL:
        ok = read_file(text, &run->callbacks, secret, err);
        break;
    case SOURCE_ENV:
        ok = copied != NULL ? take_copy(text, copied, secret, err)
                            : read_variable(text, run->overwrite, secret, err);
        break;
    case SOURCE_FD:
        ok = read_descriptor(text, &run->callbacks, secret, err);
        break;
    case SOURCE_PINENTRY:
        return error_set(err, SSA_CONFIG, NULL, subject, "pinentry asks for PINs alone");
    case SOURCE_NONE:
        // Not repeated: it may be the secret itself.
        error_set(err, SSA_CONFIG, NULL, subject, "is none of file:PATH, env:NAME, fd:N and credential:NAME");
        return error_hint(err, "The secret itself is not given here.");
    }
    if (!ok)
        return false;
    secret_drop_newline(secret);
    return secret->len > 0 || error_set(err, SSA_CONFIG, NULL, text, "is empty");
}
