#include "pin/pinentry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/monotonic.h"
#include "core/text.h"
#include "pin/pinentry_process.h"

enum {
    CHECK_MS = 200,     // an interruption is seen after this time at most
    OVERTIME_MS = 2000, // in which a pinentry can end the question itself, and clear the screen
};

static bool no_pin(const struct pinentry *p, const char *cause, const char *why, struct ssa_error *err)
{
    // Control-C reaches the child as well.
    if (callback_interrupted(p->callbacks))
        return error_set(err, SSA_PIN, NULL, NULL, "interrupted; nothing was done");
    return error_set(err, SSA_PIN, cause, p->program, "%s; nothing was done", why);
}

static bool not_run(const struct pinentry *p, const char *cause, struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, cause, p->program, "cannot be run");
    return error_reason(err, SSA_REASON_NO_PINENTRY, NULL);
}

static bool gone(struct pinentry *p, struct ssa_error *err)
{
    // A shell ends with 127 for a program that does not exist. So does posix_spawn(3), where it finds that only after
    // the fork.
    if (pinentry_ended(p, FAREWELL_MS) && WIFEXITED(p->status) && WEXITSTATUS(p->status) == 127)
        return not_run(p, "exit status 127", err);
    return no_pin(p, NULL, "ended without an answer", err);
}

// The line is not shown: a program that does not know Assuan may have echoed the PIN.
static bool garbage(const struct pinentry *p, struct ssa_error *err)
{
    return no_pin(p, NULL, "does not speak the protocol of a pinentry", err);
}

static bool nobody(const struct pinentry *p, struct ssa_error *err)
{
    char why[64];
    if (!text_format(why, sizeof why, "nobody answered in %d s", p->limits->answer_s))
        why[0] = '\0';
    return no_pin(p, "GPG_ERR_TIMEOUT", why, err);
}

// The numbers are libgpg-error's (err-codes.h.in). The lower 16 bits are the code; the others say who found the error.
static bool refusal(const struct pinentry *p, const char *text, struct ssa_error *err)
{
    enum { TIMEOUT = 62, CANCELED = 99, FULLY_CANCELED = 198, ASS_CANCELED = 277 };
    char cause[32], why[128];
    char *rest = NULL;
    const unsigned long number = strtoul(text, &rest, 10), code = number & 0xffff;
    if (code == TIMEOUT)
        return nobody(p, err);
    if (code == CANCELED || code == FULLY_CANCELED || code == ASS_CANCELED)
        return no_pin(p, "GPG_ERR_CANCELED", "cancelled", err);
    if (text_format(cause, sizeof cause, "ERR %lu", number) &&
        text_format(why, sizeof why, "cannot ask:%.80s", *rest == ' ' ? rest : " no reason given"))
        no_pin(p, cause, why, err);
    else
        no_pin(p, "ERR", "cannot ask", err);
    return error_hint(err, "It needs a terminal (that of GPG_TTY, where the program has none) or a display.");
}

// Waits until there is more to look at.
static bool hear(struct pinentry *p, long long deadline, struct ssa_error *err)
{
    for (;;) {
        const long long left = deadline - monotonic_ms();
        if (left <= 0 || callback_interrupted(p->callbacks))
            return no_pin(p, NULL, "does not answer", err);
        struct pollfd input = {.fd = p->fd, .events = POLLIN};
        if (poll(&input, 1, left < CHECK_MS ? (int)left : CHECK_MS) <= 0)
            continue; // EINTR; only a lack of memory could be another failure, and the deadline ends that
        const ssize_t got = recv(p->fd, p->in.data + p->in.len, p->in.capacity - p->in.len, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            return gone(p, err);
        if (got > 0) {
            p->in.len += (size_t)got;
            return true;
        }
    }
}

// Moves the next line to the start of p->in and ends it with a NUL. *len is its length without the line break.
static bool next_line(struct pinentry *p, long long deadline, size_t *len, struct ssa_error *err)
{
    struct secret *in = &p->in;
    const uint8_t *end = NULL;
    in->len -= p->line;
    memmove(in->data, in->data + p->line, in->len);
    secret_wipe(in->data + in->len, p->line);
    p->line = 0;
    while ((end = memchr(in->data, '\n', in->len)) == NULL) {
        if (in->len == in->capacity)
            return garbage(p, err);
        if (!hear(p, deadline, err))
            return false;
    }
    *len = (size_t)(end - in->data);
    p->line = *len + 1;
    if (*len > 0 && in->data[*len - 1] == '\r')
        --*len;
    in->data[*len] = '\0';
    return true;
}

// Decodes a line of data in place and appends it to pin. The data begins after one space. It has %25, %0D and %0A for
// their bytes; any other byte may be escaped, too.
static bool take_data(struct pinentry *p, size_t len, struct secret *pin, struct ssa_error *err)
{
    uint8_t *text = p->in.data;
    size_t kept = 2;
    for (size_t i = 2; i < len; i++, kept++) {
        text[kept] = text[i];
        if (text[i] != '%')
            continue;
        const int high = len - i < 3 ? -1 : text_hex_digit((char)text[i + 1]);
        const int low = len - i < 3 ? -1 : text_hex_digit((char)text[i + 2]);
        if (high < 0 || low < 0)
            return garbage(p, err);
        text[kept] = (uint8_t)(high * 16 + low);
        i += 2;
    }
    return secret_append(pin, span_of(text + 2, kept - 2)) ||
           error_set(err, SSA_PIN, NULL, NULL, "the PIN that was typed is longer than %zu bytes", pin->capacity);
}

static bool begins(const char *line, const char *word)
{
    const size_t len = strlen(word);
    return strncmp(line, word, len) == 0 && (line[len] == ' ' || line[len] == '\0');
}

// Reads lines up to OK. Data goes to pin; where that is NULL, data is an error. ERR is an error, too.
static bool answered(struct pinentry *p, long long ms, struct secret *pin, struct ssa_error *err)
{
    const long long deadline = monotonic_ms() + ms;
    const char *line = (const char *)p->in.data;
    size_t len = 0;
    bool known = true;
    p->in_order = p->refused = false;
    while (known && next_line(p, deadline, &len, err)) {
        p->refused = begins(line, "ERR");
        p->in_order = p->refused || begins(line, "OK");
        if (p->in_order)
            return !p->refused || refusal(p, line + strlen("ERR"), err);
        if (pin != NULL && begins(line, "D") && len >= 2) {
            if (!take_data(p, len, pin, err))
                return false;
        } else if (begins(line, "INQUIRE")) {
            // It gets no more data. The question continues.
            if (!pinentry_say(p, "END", ""))
                return gone(p, err);
        } else {
            known = len == 0 || line[0] == '#' || begins(line, "S");
        }
    }
    return known ? false : garbage(p, err);
}

static bool command(struct pinentry *p, const char *name, const char *argument, struct ssa_error *err)
{
    return pinentry_say(p, name, argument) ? answered(p, p->limits->reply_ms, NULL, err) : gone(p, err);
}

// Sends a command that is not needed, since some pinentries do not know it. A value from the environment with a line
// break would begin another command, so it is left out.
static bool option(struct pinentry *p, const char *name, const char *value, struct ssa_error *err)
{
    for (const char *c = value; c != NULL && *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return true;
    return value == NULL || value[0] == '\0' || command(p, name, value, err) || p->refused;
}

// Sends a text for the person. Each line is made harmless, since in text mode it goes to the terminal as it is. Then
// '%' is escaped, and also '\', which must not be the last byte of a line.
static bool show(struct pinentry *p, const char *name, const char *text, struct ssa_error *err)
{
    char all[LINE_MOST] = "", line[256];
    size_t len = 0;
    bool fits = true;
    for (const char *next = NULL; text != NULL && fits; text = next) {
        const size_t line_len = strcspn(text, "\n");
        next = text[line_len] == '\n' ? text + line_len + 1 : NULL;
        text_harmless(line, sizeof line, span_of(text, line_len));
        for (char *c = line; *c != '\0' && fits; c++) {
            const char *escaped = *c == '%' ? "%25" : *c == '\\' ? "%5C" : (const char[]){*c, '\0'};
            fits = text_format(all + len, sizeof all - len, "%s", escaped);
            len += strlen(all + len);
        }
        fits = fits && text_format(all + len, sizeof all - len, "%s", next != NULL ? "%0A" : "");
        len += strlen(all + len);
    }
    return fits ? command(p, name, all, err)
                : error_set(err, SSA_UNEXPECTED, NULL, p->program, "the text for it is too long");
}

// Finds the terminal of the session, which is also the child's. Wrappers of pinentry find the window by the terminal's
// real name. GPG_TTY may be older than the session, so it is used only where there is no terminal.
static void find_terminal(struct pinentry *p)
{
    p->tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    const char *name = p->tty >= 0 ? "/dev/tty" : getenv("GPG_TTY");
    if (name != NULL && !text_format(p->tty_name, sizeof p->tty_name, "%s", name))
        p->tty_name[0] = '\0';
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) // tcgetpgrp(3) succeeds only for the session's
        if (tcgetpgrp(fd) >= 0 && ttyname_r(fd, p->tty_name, sizeof p->tty_name) == 0)
            break;
    if (p->tty >= 0 && tcgetattr(p->tty, &p->before) != 0) {
        (void)close(p->tty);
        p->tty = -1;
    }
}

static const char *locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"}; // in the order of locale(7)
    const char *value = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && (value == NULL || value[0] == '\0'); i++)
        value = getenv(names[i]);
    return value;
}

static bool set_options(struct pinentry *p, struct ssa_error *err)
{
    char seconds[16];
    const struct {
        const char *name, *value;
    } options[] = {{"OPTION ttyname=", p->tty_name},
                   {"OPTION ttytype=", getenv("TERM")},
                   {"OPTION lc-ctype=", locale()},
                   {"SETTIMEOUT ", seconds},
                   {"SETTITLE ", "ssa-hsm"}};
    if (!text_format(seconds, sizeof seconds, "%d", p->limits->answer_s))
        seconds[0] = '\0'; // an option without a value is left out
    for (size_t i = 0; i < COUNT(options); i++)
        if (!option(p, options[i].name, options[i].value, err))
            return false;
    return true;
}

static bool converse(struct pinentry *p, const char *description, const char *prompt, struct secret *pin,
                     struct ssa_error *err)
{
    const long long patience = p->limits->answer_s * 1000LL + OVERTIME_MS;
    if (!answered(p, p->limits->reply_ms, NULL, err) || !set_options(p, err))
        return false;
    if (!show(p, "SETDESC ", description, err) || !show(p, "SETPROMPT ", prompt, err))
        return false;
    const long long began = monotonic_ms();
    if (!pinentry_say(p, "GETPIN", ""))
        return gone(p, err);
    if (!answered(p, patience, pin, err))
        return !p->in_order && monotonic_ms() - began >= patience ? nobody(p, err) : false;
    return pin->len > 0 || no_pin(p, NULL, "nothing was typed", err);
}

bool pinentry_ask_within(const struct pinentry_limits *limits, const char *program, const char *description,
                         const char *prompt, const struct ssa_callbacks *callbacks, struct secret *pin,
                         struct ssa_error *err)
{
    PINENTRY_AUTO p = {.program = program, .limits = limits, .callbacks = callbacks, .fd = -1, .tty = -1};
    if (!secret_new(&p.in, LINE_MOST + 2, err))
        return false;
    find_terminal(&p);
    // It may take over the whole terminal.
    callback_waiting(callbacks, SSA_WAIT_OVER, NULL, -1);
    const int number = pinentry_spawn(&p);
    if (number != 0)
        return not_run(&p, strerrordesc_np(number), err);
    const bool ok = converse(&p, description, prompt, pin, err);
    if (!ok)
        secret_clear(pin);
    return ok;
}

bool pinentry_ask(const char *program, const char *description, const char *prompt,
                  const struct ssa_callbacks *callbacks, struct secret *pin, struct ssa_error *err)
{
    static const struct pinentry_limits limits = {.reply_ms = 10 * 1000, .answer_s = 120};
    return pinentry_ask_within(&limits, program, description, prompt, callbacks, pin, err);
}
