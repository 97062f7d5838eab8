#include "cli/process/interrupt.h"

#include <stddef.h>

// The last two are ignored.
static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ};
enum { CAUGHT = sizeof caught / sizeof caught[0], REMEMBERED = 4 };

static struct sigaction before[CAUGHT], children_before;
static volatile sig_atomic_t came;

static void remember(int number)
{
    came = number;
}

void interrupt_catch(void)
{
    // Where it is ignored, nobody learns how a child has ended.
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    (void)sigaction(SIGCHLD, &usual, &children_before);
    for (size_t i = 0; i < CAUGHT; i++) {
        struct sigaction action = {.sa_handler = i < REMEMBERED ? remember : SIG_IGN};
        if (sigaction(caught[i], NULL, &before[i]) != 0)
            continue;
        // Under nohup, HUP stays ignored. Without SA_RESTART, a read from the terminal ends.
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaction(caught[i], &action, NULL);
    }
}

int interrupt_signal(void)
{
    return came;
}

void interrupt_add_ignored(sigset_t *signals)
{
    for (size_t i = REMEMBERED; i < CAUGHT; i++)
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaddset(signals, caught[i]);
}

void interrupt_release(void)
{
    (void)sigaction(SIGCHLD, &children_before, NULL);
    for (size_t i = 0; i < CAUGHT; i++)
        (void)sigaction(caught[i], &before[i], NULL);
}

void interrupt_die(void)
{
    if (came == 0)
        return;
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigaction(came, &action, NULL);
    (void)raise(came);
}
