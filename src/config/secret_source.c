#include "config/secret_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/settings.h"
#include "core/descriptor.h"
#include "core/file_mark.h"
#include "core/read.h"
#include "core/text.h"

enum { DELETE = 0x7f };

static bool read_file(const char *text, const struct ssa_callbacks *warn, struct secret *secret, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    if (!reference_path(text, path, err))
        return false;
    DESCRIPTOR_AUTO fd = read_open(path);
    if (fd < 0)
        return reference_unreadable(err, errno, path);
    reference_warn_if_others_read(fd, path, warn);
    return read_secret(secret, fd, path, warn, err);
}

static bool append(const char *text, const char *value, struct secret *secret, struct ssa_error *err)
{
    return secret_append_text(secret, value) ||
           error_set(err, SSA_CONFIG, NULL, text, "is longer than %zu bytes", secret->capacity);
}

static bool read_variable(const char *text, bool overwrite, struct secret *secret, struct ssa_error *err)
{
    char *value = secure_getenv(reference_name(text));
    if (value == NULL || value[0] == '\0')
        return error_set(err, SSA_CONFIG, NULL, text, "the variable is not set");
    const bool fits = append(text, value, secret, err);
    // /proc/PID/environ would show it, and a child would inherit it.
    if (overwrite)
        secret_wipe(value, strlen(value));
    return fits;
}

// Standard input is replaced, so that the next file that is opened does not become it.
static void close_read(int fd)
{
    if (fd != STDIN_FILENO) {
        (void)close(fd);
        return;
    }
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0)
        return;
    (void)dup2(nothing, fd);
    (void)close(nothing);
}

static bool read_descriptor(const char *text, const struct ssa_callbacks *callbacks, struct secret *secret,
                            struct ssa_error *err)
{
    const char *digits = reference_name(text);
    char *end = NULL;
    errno = 0;
    const long number = strtol(digits, &end, 10);
    if (errno != 0 || end == digits || *end != '\0' || number < 0 || number > INT16_MAX)
        return error_set(err, SSA_CONFIG, NULL, text, "is not a file descriptor");
    if (number == STDOUT_FILENO || number == STDERR_FILENO)
        return error_because(err, SSA_CONFIG, SSA_REASON_OUTPUT_DESCRIPTOR, text,
                             "is standard %s, which cannot be read", number == STDOUT_FILENO ? "output" : "error");
    if (!read_secret(secret, (int)number, text, callbacks, err))
        return false;
    close_read((int)number);
    return true;
}

// Byte order marks, which editors of other systems put before a text. The longer ones come first.
#define MARKED(encoding) "begins with a byte order mark of " encoding
static const struct {
    const char *bytes;
    size_t len;
    const char *what;
} marks[] = {
    {"\xff\xfe\0\0", 4, MARKED("UTF-32")}, {"\0\0\xfe\xff", 4, MARKED("UTF-32")}, {"\xef\xbb\xbf", 3, MARKED("UTF-8")},
    {"\xff\xfe", 2, MARKED("UTF-16")},     {"\xfe\xff", 2, MARKED("UTF-16")},
};

static bool refuse_encoding(const char *text, const char *what, struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, NULL, text, "%s; it was not used", what);
    return error_hint(err, "Write it as plain text without a byte order mark: `printf %%s …` in a shell, "
                           "`-Encoding ascii` or `-Encoding utf8NoBOM` in PowerShell, \"UTF-8\" in an editor.");
}

// A PIN in another encoding would be a wrong PIN, and would cost a try.
static bool is_plain_text(const char *text, const struct secret *secret, struct ssa_error *err)
{
    for (size_t i = 0; i < COUNT(marks); i++)
        if (secret->len >= marks[i].len && memcmp(secret->data, marks[i].bytes, marks[i].len) == 0)
            return refuse_encoding(text, marks[i].what, err);
    return secret->len == 0 || memchr(secret->data, '\0', secret->len) == NULL ||
           refuse_encoding(text, "contains a NUL byte, as text in UTF-16 does", err);
}

// Finds out which file or descriptor a reference reads. False where it reads neither.
static bool look_at(const char *text, long *fd, struct stat *about)
{
    char path[PATH_TEXT_MAX];
    const enum reference_kind kind = reference_kind(text);
    *fd = kind == REFERENCE_FD ? strtol(reference_name(text), NULL, 10) : -1;
    if (kind == REFERENCE_FD)
        return *fd >= 0 && *fd <= INT16_MAX && fstat((int)*fd, about) == 0;
    return kind == REFERENCE_FILE && reference_path(text, path, ERROR_IGNORED) && stat(path, about) == 0;
}

// Whether two references read one stream, so that the second finds nothing.
static bool is_one_stream(const char *one, const char *other)
{
    struct stat a, b;
    long fd, other_fd;
    if (!look_at(one, &fd, &a) || !look_at(other, &other_fd, &b) || !file_is_same(&a, &b))
        return false;
    return S_ISFIFO(a.st_mode) || S_ISSOCK(a.st_mode) || (fd >= 0 && fd == other_fd);
}

// From a shared stream, the client secret could be tried as a PIN, or the PIN could be sent to the API's server.
static bool is_for_this_alone(const char *text, const char *subject, const struct ssa_run *run, struct ssa_error *err)
{
    static const enum setting secrets[] = {SET_CLIENT_SECRET, SET_PIN_SOURCE, SET_SO_PIN_SOURCE};
    for (size_t i = 0; run->settings != NULL && i < sizeof secrets / sizeof secrets[0]; i++) {
        const char *name = setting_name(secrets[i]);
        const char *other = settings_get(run->settings, secrets[i], NULL);
        if (other == NULL || strcmp(name, subject) == 0 || !is_one_stream(text, other))
            continue;
        error_set(err, SSA_CONFIG, NULL, text, "both %s and %s would be read from it", subject, name);
        return error_hint(
            err, "A descriptor or pipe is read once, to its end. Use one of its own for each. Nothing was read.");
    }
    return true;
}

static bool refuse_line(const char *text, const char *what, struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, NULL, text, "%s; it was not used", what);
    return error_hint(err, "It must be one line of text that has only the secret.");
}

// The line break at its end was dropped before. UTF-16 text without Latin letters has no NUL byte, but other bytes that
// nobody types.
static bool is_one_line(const char *text, const struct secret *secret, struct ssa_error *err)
{
    for (size_t i = 0; i < secret->len; i++) {
        const uint8_t c = secret->data[i];
        if (c == '\n' || c == '\r')
            return refuse_line(text, "has more than one line", err);
        if ((c < ' ' && c != '\t') || c == DELETE)
            return refuse_line(text, "contains a control character", err);
    }
    return secret->len > 0 || error_set(err, SSA_CONFIG, NULL, text, "is empty");
}

bool secret_source_read(const char *text, const char *subject, const struct ssa_run *run, struct secret *secret,
                        struct ssa_error *err)
{
    bool ok = false;
    if (!is_for_this_alone(text, subject, run, err))
        return false;
    // The settings may have moved the variable to locked memory.
    const char *copied = run->settings == NULL ? NULL : settings_secret_variable(run->settings, text);
    switch (reference_kind(text)) {
    case REFERENCE_FILE:
    case REFERENCE_CREDENTIAL:
        ok = read_file(text, &run->callbacks, secret, err);
        break;
    case REFERENCE_ENV:
        ok = copied != NULL ? append(text, copied, secret, err) : read_variable(text, run->overwrite, secret, err);
        break;
    case REFERENCE_FD:
        ok = read_descriptor(text, &run->callbacks, secret, err);
        break;
    case REFERENCE_PINENTRY:
        return error_set(err, SSA_CONFIG, NULL, subject, "pinentry asks only for PINs");
    case REFERENCE_NONE:
        // The text is not shown: it may be the secret itself.
        error_set(err, SSA_CONFIG, NULL, subject, "is not one of file:PATH, env:NAME, fd:N and credential:NAME");
        return error_hint(err, "This setting says where the secret is. It does not take the secret itself.");
    }
    if (!ok || !is_plain_text(text, secret, err))
        return false;
    secret_drop_newline(secret);
    return is_one_line(text, secret, err);
}
