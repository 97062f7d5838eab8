// The process of a pinentry: starting it, speaking to it, ending it. Only pinentry.c uses this.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include "core/secret.h"

// How long to wait for an answer. Both must be above 0.
struct pinentry_limits {
    int reply_ms; // for the greeting, and for each answer that does not need the person
    int answer_s; // for the person's answer
};

enum {
    LINE_MOST = 1000,   // "Developing with Assuan", Server responses: a longer line is an error
    FAREWELL_MS = 1000, // between BYE and TERM, and between TERM and KILL
};

struct pinentry {
    const char *program;
    const struct pinentry_limits *limits;
    const struct ssa_callbacks *callbacks;
    pid_t child;            // 0: none
    int fd, tty;            // -1: none
    bool in_order, refused; // the last command was answered; the answer was ERR
    int status;             // waitpid's, once it has ended
    char tty_name[128];
    struct termios before;
    struct secret in; // it begins with the line that was read last
    size_t line;      // the length of that line with its line break
};

// Starts the child. p->fd leads to its standard input and output. Returns 0 or an errno.
int pinentry_spawn(struct pinentry *p);

// Whether the child has ended. Waits for that, at most patience_ms.
bool pinentry_ended(struct pinentry *p, int patience_ms);

// Sends a line.
bool pinentry_say(struct pinentry *p, const char *command, const char *argument);

// Ends the child, by force if necessary, and restores the terminal's echo.
void pinentry_end(struct pinentry *p);
#define PINENTRY_AUTO __attribute__((cleanup(pinentry_end))) struct pinentry
