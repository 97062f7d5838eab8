// The pinentry's process: started, spoken to, ended. For pinentry.c alone.
#ifndef SSA_PIN_PINENTRY_PROCESS_H
#define SSA_PIN_PINENTRY_PROCESS_H

#include <sys/types.h>
#include <termios.h>

#include "pin/pinentry.h"

enum {
    LINE_MOST = 1000,   // "Developing with Assuan", Server responses: longer is a communication error
    FAREWELL_MS = 1000, // between BYE and TERM, and between TERM and KILL
};

struct pinentry {
    const char *program;
    const struct pinentry_limits *limits;
    const struct ssa_callbacks *callbacks;
    pid_t child;            // 0: none
    int fd, tty;            // -1: none
    bool in_order, refused; // the last command has got its answer; that was ERR
    int status;             // once it has ended: waitpid's
    char tty_name[128];
    struct termios before;
    struct secret in; // begins with the line that is looked at
    size_t line;      // its length with the line break
};

// Starts the child, its standard input and output at p->fd. Gives an errno.
int pinentry_spawn(struct pinentry *p);

// Whether the child has ended, and is no zombie any more.
bool pinentry_ended(struct pinentry *p, int patience_ms);

// Sends a line.
bool pinentry_say(struct pinentry *p, const char *command, const char *argument);

// Ends the child in whatever way it takes, and puts the terminal back where it was left without echo.
void pinentry_end(struct pinentry *p);
#define PINENTRY_AUTO __attribute__((cleanup(pinentry_end))) struct pinentry

#endif
