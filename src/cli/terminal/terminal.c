#include "cli/terminal/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli/output/waiting.h"
#include "cli/process/interrupt.h"
#include "core/secret.h"
#include "core/text.h"

// Signals that would end or stop the program while the terminal is without echo. The last three stop it.
static const int watched[] = {SIGINT,    SIGTERM, SIGHUP,  SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2,
                              SIGVTALRM, SIGPROF, SIGXCPU, SIGTSTP, SIGTTIN, SIGTTOU};
enum { WATCHED = COUNT(watched), STOPPING = 3, ROUNDS_MAX = 64 };

struct watch {
    int fd;        // readable while a signal waits; -1 where there is none
    sigset_t mask; // as it was found
};

// Signals wait until the question is answered, except those that are ignored: they would wait, too.
static void watch(struct watch *w)
{
    struct sigaction action;
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < WATCHED; i++)
        if (sigaction(watched[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            (void)sigaddset(&set, watched[i]);
    (void)sigprocmask(SIG_BLOCK, &set, &w->mask);
    w->fd = signalfd(-1, &set, SFD_CLOEXEC);
}

// Lets the signals come that waited. True where one of them stopped the program, which has been continued since.
static bool unwatch(const struct watch *w)
{
    sigset_t waiting;
    bool stopped = false;
    if (w->fd >= 0)
        (void)close(w->fd);
    if (sigpending(&waiting) == 0)
        for (size_t i = WATCHED - STOPPING; i < WATCHED; i++)
            stopped = stopped || sigismember(&waiting, watched[i]) == 1;
    (void)sigprocmask(SIG_SETMASK, &w->mask, NULL);
    return stopped;
}

static void say(int tty, const char *text)
{
    waiting_erase();
    // Where the terminal cannot be written, reading it fails, too, and that is an error.
    if (write(tty, text, strlen(text)) < 0)
        return;
}

enum line { LINE_READ, LINE_TOO_LONG, LINE_BROKEN };

// Waits until there is something to read; false when a signal came instead.
static bool wait_for_input(int tty, const struct watch *w)
{
    struct pollfd either[] = {{.fd = tty, .events = POLLIN}, {.fd = w->fd, .events = POLLIN}};
    while (interrupt_signal() == 0) {
        const int ready = poll(either, COUNT(either), -1);
        if (ready > 0)
            return either[1].revents == 0;
        if (ready < 0 && errno != EINTR)
            return false;
    }
    return false;
}

// Reads a line into answer, without its line break. A line that is too long is read to its end, so that the rest does
// not go to the shell.
static enum line read_line(int tty, const struct watch *w, char *answer, size_t capacity, size_t *len)
{
    bool too_long = false;
    *len = 0;
    for (;;) {
        char c = 0;
        if (!wait_for_input(tty, w))
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
    // In the background, tcsetattr would stop us with TTOU. That signal is blocked here, so the change would be made,
    // under a shell that is using the terminal. So we look first whether we are in the foreground.
    if (tcgetpgrp(tty) != getpgrp()) {
        (void)raise(SIGTTOU); // it waits for unwatch, and then stops us until we are in the foreground
        return unwatch(&w);
    }
    // TCSAFLUSH drops what was typed before the question was there.
    if (tcsetattr(tty, TCSAFLUSH, &silent) == 0) {
        say(tty, prompt);
        *line = read_line(tty, &w, answer, capacity, len);
        say(tty, "\n");
    }
    (void)tcsetattr(tty, TCSAFLUSH, &normal);
    if (*line != LINE_READ)
        secret_wipe(answer, capacity);
    return unwatch(&w);
}

static bool no_answer(enum line line, bool background, const char *prompt, size_t capacity, struct ssa_error *err)
{
    if (interrupt_signal() != 0)
        return error_set(err, SSA_PIN, NULL, NULL, "interrupted; nothing was done");
    if (background) {
        error_set(err, SSA_PIN, NULL, NULL, "a program in the background of the terminal cannot ask for: %.*s",
                  (int)strcspn(prompt, ":"), prompt);
        return error_hint(err, "A shell runs <(…) in the background, and a pipe in the foreground: "
                               "`ssa-hsm token -f curl` | curl -K - URL");
    }
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
    // Each round is a stop. In a process group that nobody can continue, a stop has no effect and would be tried for
    // ever.
    unsigned rounds = 0;
    while (interrupt_signal() == 0 && without_echo(tty, prompt, answer, capacity, len, &line) && rounds < ROUNDS_MAX)
        rounds++;
    const bool background = line == LINE_BROKEN && tcgetpgrp(tty) != getpgrp();
    (void)close(tty);
    return (line == LINE_READ && *len > 0 && interrupt_signal() == 0) ||
           no_answer(line, background, prompt, capacity, err);
}

bool terminal_is_there(void)
{
    const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty >= 0)
        (void)close(tty);
    return tty >= 0;
}

// Asks for a line, with echo. After a stop it asks again.
static enum line ask_line(int tty, const char *question, const char *prompt, char *answer, size_t capacity, size_t *len)
{
    enum line line = LINE_BROKEN;
    bool stopped = true;
    for (unsigned rounds = 0; stopped && interrupt_signal() == 0 && rounds < ROUNDS_MAX; rounds++) {
        struct watch w;
        watch(&w);
        say(tty, question);
        say(tty, prompt);
        line = read_line(tty, &w, answer, capacity, len);
        stopped = unwatch(&w);
    }
    return interrupt_signal() == 0 ? line : LINE_BROKEN;
}

bool terminal_confirm(void *context, const char *question)
{
    (void)context;
    char answer[8];
    size_t len = 0;
    const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0)
        return false;
    const bool read = ask_line(tty, question, " (yes/no) ", answer, sizeof answer, &len) == LINE_READ;
    (void)close(tty);
    return read && span_is(span_of(answer, len), "yes");
}

static void list_items(int tty, const char *question, const char *const *items, size_t count)
{
    char number[32];
    say(tty, question);
    say(tty, "\n");
    for (size_t i = 0; i < count; i++) {
        (void)text_format(number, sizeof number, "%4zu) ", i + 1);
        say(tty, number);
        say(tty, items[i]);
        say(tty, "\n");
    }
}

// Reads a number from 1 to count; 0 where it is none.
static size_t read_number(const char *text, size_t count)
{
    char *end = NULL;
    const unsigned long number = strtoul(text, &end, 10);
    return *end == '\0' && text[0] >= '0' && text[0] <= '9' && number <= count ? number : 0;
}

bool terminal_choose(void *context, const char *question, const char *const *items, size_t count, size_t *choice)
{
    (void)context;
    char prompt[96], answer[16];
    size_t len = 0;
    *choice = count;
    const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0)
        return false;
    list_items(tty, question, items, count);
    (void)text_format(prompt, sizeof prompt, "Its number (1 to %zu; nothing to stop): ", count);
    enum line line = LINE_TOO_LONG;
    while (*choice == count && line != LINE_BROKEN) {
        line = ask_line(tty, "", prompt, answer, sizeof answer - 1, &len);
        if (line == LINE_READ && len == 0)
            break;
        answer[line == LINE_READ ? len : 0] = '\0';
        const size_t number = read_number(answer, count);
        *choice = number > 0 ? number - 1 : count;
    }
    (void)close(tty);
    return true;
}

bool terminal_ask_text(const char *question, const char *usual, char *answer, size_t capacity, struct ssa_error *err)
{
    char prompt[SSA_ERROR_TEXT_MAX];
    size_t len = 0;
    const bool made = usual != NULL ? text_format(prompt, sizeof prompt, "%s [%s]: ", question, usual)
                                    : text_format(prompt, sizeof prompt, "%s: ", question);
    if (!made)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the question is too long");
    const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0)
        return error_set(err, SSA_USAGE, NULL, NULL, "there is no terminal to ask at");
    enum line line = LINE_TOO_LONG;
    while (line == LINE_TOO_LONG || (line == LINE_READ && len == 0)) {
        line = ask_line(tty, "", prompt, answer, capacity - 1, &len);
        if (line == LINE_READ && len == 0 && usual != NULL)
            break;
    }
    (void)close(tty);
    if (line != LINE_READ)
        return error_set(err, SSA_USAGE, NULL, NULL, "%s; nothing was typed",
                         interrupt_signal() != 0 ? "interrupted" : "the terminal cannot be read");
    answer[len] = '\0';
    return len > 0 || text_format(answer, capacity, "%s", usual) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "the answer is too long");
}
