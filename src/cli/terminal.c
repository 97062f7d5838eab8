// Prompts on the controlling terminal.
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "core/secret.h"
#include "core/text.h"

// Signals that would leave the terminal without echo, or stop us there.
static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};
enum { WATCHED = sizeof watched / sizeof watched[0] };

static volatile sig_atomic_t pending[WATCHED];

static void note_signal(int number)
{
    for (size_t i = 0; i < WATCHED; i++)
        if (watched[i] == number)
            pending[i] = 1;
}

static void watch(struct sigaction before[static WATCHED])
{
    const struct sigaction action = {.sa_handler = note_signal}; // no SA_RESTART: the read must return
    for (size_t i = 0; i < WATCHED; i++) {
        pending[i] = 0;
        if (sigaction(watched[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
            (void)sigaction(watched[i], &action, NULL);
    }
}

// Puts the handlers back and delivers what came meanwhile. True where the program was stopped and goes on
// again.
static bool unwatch(const struct sigaction before[static WATCHED])
{
    bool stopped = false;
    for (size_t i = 0; i < WATCHED; i++)
        (void)sigaction(watched[i], &before[i], NULL);
    for (size_t i = 0; i < WATCHED; i++)
        if (pending[i] != 0) {
            stopped = stopped || watched[i] == SIGTSTP || watched[i] == SIGTTIN || watched[i] == SIGTTOU;
            (void)raise(watched[i]);
        }
    return stopped;
}

static bool signalled(void)
{
    if (interrupt_signal() != 0)
        return true;
    for (size_t i = 0; i < WATCHED; i++)
        if (pending[i] != 0)
            return true;
    return false;
}

static void say(int tty, const char *text)
{
    // A terminal that cannot be written will not be read either, and that is seen.
    if (write(tty, text, strlen(text)) < 0)
        return;
}

enum line { LINE_READ, LINE_ENDED, LINE_TOO_LONG, LINE_BROKEN };

// Reads a line into answer, without its end. What is too long is read and dropped, so that the shell does not
// get it.
static enum line read_line(int tty, char *answer, size_t capacity, size_t *len)
{
    bool too_long = false;
    *len = 0;
    for (;;) {
        char c = 0;
        const ssize_t got = read(tty, &c, 1);
        if (got < 0 && errno == EINTR && !signalled())
            continue;
        if (got < 0 || (got == 0 && signalled()))
            return LINE_BROKEN;
        if (got == 0)
            return LINE_ENDED;
        if (c == '\n' || c == '\r')
            return too_long ? LINE_TOO_LONG : LINE_READ;
        if (*len < capacity)
            answer[(*len)++] = c;
        else
            too_long = true;
        wipe(&c, sizeof c);
    }
}

static bool without_echo(int tty, const char *prompt, char *answer, size_t capacity, size_t *len,
                         enum line *line)
{
    struct sigaction before[WATCHED];
    struct termios normal, silent;
    if (tcgetattr(tty, &normal) != 0)
        return false;
    watch(before);
    silent = normal;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    // TCSAFLUSH drops what was typed ahead: it was not meant for this question.
    *line = tcsetattr(tty, TCSAFLUSH, &silent) == 0 ? LINE_READ : LINE_BROKEN;
    if (*line == LINE_READ) {
        say(tty, prompt);
        *line = read_line(tty, answer, capacity, len);
        say(tty, "\n");
    }
    while (tcsetattr(tty, TCSAFLUSH, &normal) != 0 && errno == EINTR && !signalled())
        continue;
    if (*line != LINE_READ)
        wipe(answer, capacity);
    return unwatch(before);
}

static bool no_answer(enum line line, size_t capacity, struct ssa_error *err)
{
    if (interrupt_signal() != 0)
        return error_set(err, SSA_PIN, NULL, NULL, "interrupted; nothing was done");
    if (line == LINE_TOO_LONG)
        return error_set(err, SSA_PIN, NULL, NULL, "what was typed is longer than %zu bytes", capacity);
    return error_set(err, SSA_PIN, NULL, NULL, "nothing was typed; nothing was done");
}

bool terminal_ask_secret(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                         struct ssa_error *err)
{
    (void)context;
    const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0) {
        error_set(err, SSA_PIN, NULL, NULL, "there is no terminal to ask for: %.*s",
                  (int)strcspn(prompt, ":"), prompt);
        return error_hint(
            err, "Say where it is: SSA_HSM_PIN_SOURCE for the PIN, APS_SECRET_ID for the client secret, "
                 "as file:PATH, env:NAME, fd:N or credential:NAME.");
    }
    enum line line = LINE_BROKEN;
    while (without_echo(tty, prompt, answer, capacity, len, &line) && interrupt_signal() == 0)
        continue;
    (void)close(tty);
    return (line == LINE_READ && *len > 0 && interrupt_signal() == 0) || no_answer(line, capacity, err);
}

bool terminal_confirm(void *context, const char *question)
{
    (void)context;
    char answer[8];
    size_t len = 0;
    const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0)
        return false;
    say(tty, question);
    say(tty, " (yes/no) ");
    const bool read = read_line(tty, answer, sizeof answer, &len) == LINE_READ;
    (void)close(tty);
    return read && span_is(span_of(answer, len), "yes");
}
