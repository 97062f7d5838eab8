// A program that runs beside this one: signals are passed on to it, and this one ends as it does.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "core/error.h"

struct child {
    pid_t pid; // 0 before it was started
    bool ended;
    int status;       // then, as waitpid(2) has it
    bool told_to_end; // INT, TERM, HUP or QUIT came
    sigset_t signals, before;
};

// From now on, signals wait for child_wait.
void child_begin(struct child *child);

// Undoes that, where no program was started.
void child_give_up(const struct child *child);

// Starts the program, with this environment. Fails with the errno of execvp in err->number.
bool child_start(struct child *child, char *const *program, char *const *environment, struct ssa_error *err) MUST_CHECK;

// Waits so long, or until the child has ended, and passes on the signals that come: those that a process has sent to
// this one alone. What a terminal sends, the child gets from there. Returns whether it has ended.
bool child_wait(struct child *child, long long ms);

void child_signal(const struct child *child, int number);

// Ends it: by TERM, and where that does not help for so long, by KILL.
void child_stop(struct child *child, long long patience_ms);

// Ends this program with the child's exit code, or by the same signal.
_Noreturn void child_end_as(const struct child *child);
