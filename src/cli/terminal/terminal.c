#include "cli/terminal/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/process/interrupt.h"
#include "core/secret.h"
#include "core/text.h"

// Signals that would end or stop the program while the terminal is without echo.
static const int watched[] = {SIGINT,    SIGTERM, SIGHUP,  SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2,
                              SIGVTALRM, SIGPROF, SIGXCPU, SIGTSTP, SIGTTIN, SIGTTOU}; // TTOU last
enum { ROUNDS_MAX = 64, WATCHED = COUNT(watched) };

static volatile sig_atomic_t pending[WATCHED];

static void note_signal(int number)
{
    for (size_t i = 0; i < WATCHED; i++)
        if (watched[i] == number)
            pending[i] = 1;
}

// What is restored when the question is answered.
struct watch {
    struct sigaction before[WATCHED];
    sigset_t mask; // as it was found; used while waiting for a key
};

// The signals are blocked except during that wait. So one that comes just before it still ends it.
static void watch(struct watch *w)
{
    const struct sigaction action = {.sa_handler = note_signal};
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < WATCHED; i++) {
        pending[i] = 0;
        (void)sigaddset(&set, watched[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &set, &w->mask);
    for (size_t i = 0; i < WATCHED; i++)
        if (sigaction(watched[i], NULL, &w->before[i]) == 0 && w->before[i].sa_handler != SIG_IGN)
            (void)sigaction(watched[i], &action, NULL);
}

// Restores handlers and mask, and delivers the signals that came meanwhile. True where one of them stopped
// the program, which has been continued since.
static bool unwatch(const struct watch *w)
{
    bool stopped = false;
    (void)sigprocmask(SIG_SETMASK, &w->mask, NULL);
    for (size_t i = 0; i < WATCHED; i++)
        (void)sigaction(watched[i], &w->before[i], NULL);
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
    // Where the terminal cannot be written, reading it fails, too, and that is an error.
    if (write(tty, text, strlen(text)) < 0)
        return;
}

enum line { LINE_READ, LINE_TOO_LONG, LINE_BROKEN };

// Waits until there is something to read; false when a signal came instead.
static bool wait_for_input(int tty, const sigset_t *mask)
{
    struct pollfd input = {.fd = tty, .events = POLLIN};
    while (!signalled()) {
        const int ready = ppoll(&input, 1, NULL, mask);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
    return false;
}

// Reads a line into answer, without its line break. A line that is too long is read to its end, so that the
// rest does not go to the shell.
static enum line read_line(int tty, const sigset_t *mask, char *answer, size_t capacity, size_t *len)
{
    bool too_long = false;
    *len = 0;
    for (;;) {
        char c = 0;
        if (!wait_for_input(tty, mask))
            return LINE_BROKEN;
        const ssize_t got = read(tty, &c, 1);
        if (got == 0 || (got < 0 && errno != EINTR))
            return LINE_BROKEN;
        if (got > 0 && (c == '\n' || c == '\r'))
            return too_long ? LINE_TOO_LONG : LINE_READ;
        if (got > 0 && *len < capacity)
            answer[(*len)++] = c;
        else if (got > 0)
            too_long = true;
        secret_wipe(&c, sizeof c);
    }
}

static bool without_echo(int tty, const char *prompt, char *answer, size_t capacity, size_t *len, enum line *line)
{
    struct watch w;
    struct termios normal, silent;
    *line = LINE_BROKEN;
    if (tcgetattr(tty, &normal) != 0)
        return false;
    watch(&w);
    silent = normal;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    // In the background, tcsetattr would stop us with TTOU. That signal is blocked here, so the change would
    // be made, under a shell that is using the terminal. So we look first whether we are in the foreground.
    if (tcgetpgrp(tty) != getpgrp()) {
        pending[WATCHED - 1] = 1; // TTOU: unwatch delivers it, and it stops us until we are in the foreground
        return unwatch(&w);
    }
    // TCSAFLUSH drops what was typed before the question was there.
    if (tcsetattr(tty, TCSAFLUSH, &silent) == 0) {
        say(tty, prompt);
        *line = read_line(tty, &w.mask, answer, capacity, len);
        say(tty, "\n");
    }
    (void)tcsetattr(tty, TCSAFLUSH, &normal);
    if (*line != LINE_READ)
        secret_wipe(answer, capacity);
    return unwatch(&w);
}

static bool no_answer(enum line line, size_t capacity, struct ssa_error *err)
{
    if (interrupt_signal() != 0)
        return error_set(err, SSA_PIN, NULL, NULL, "interrupted; nothing was done");
    if (line == LINE_TOO_LONG)
        return error_set(err, SSA_PIN, NULL, NULL, "the answer is longer than %zu bytes", capacity);
    return error_set(err, SSA_PIN, NULL, NULL, "nothing was typed; nothing was done");
}

bool terminal_ask_secret(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                         struct ssa_error *err)
{
    (void)context;
    const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0) {
        error_set(err, SSA_PIN, NULL, NULL, "there is no terminal to ask for: %.*s", (int)strcspn(prompt, ":"), prompt);
        return error_hint(err, "Say where to read it: set SSA_HSM_PIN_SOURCE (PIN), SSA_HSM_SO_PIN_SOURCE "
                               "(management key) or APS_SECRET_ID (client secret) to file:PATH, env:NAME, fd:N "
                               "or credential:NAME.");
    }
    enum line line = LINE_BROKEN;
    // Each round is a stop. In a process group that nobody can continue, a stop has no effect and would be
    // tried for ever.
    unsigned rounds = 0;
    while (interrupt_signal() == 0 && without_echo(tty, prompt, answer, capacity, len, &line) && rounds < ROUNDS_MAX)
        rounds++;
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
    struct watch w;
    watch(&w);
    const bool read = read_line(tty, &w.mask, answer, sizeof answer, &len) == LINE_READ;
    (void)unwatch(&w);
    (void)close(tty);
    return read && span_is(span_of(answer, len), "yes");
}
