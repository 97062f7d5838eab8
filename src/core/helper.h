// A program of ours that runs as a child process, which we talk to through a socket: how it is found, started and
// ended.
#pragma once

#include <spawn.h>
#include <stdbool.h>
#include <sys/types.h>

enum { HELPER_PATH_MAX = 4096, HELPER_PLACES = 3 };

// Where its file is.
struct helper_places {
    const char *variable; // of the environment, by which a test names another file
    // Seen from the folder of the file that this code is in: beside it, as in a build tree, or where it was installed,
    // also where that is another prefix than the one that it was built for.
    const char *places[HELPER_PLACES];
    const char *installed; // the whole path
};
// The path is in `path`, or is borrowed.
const char *helper_find(const struct helper_places *places, char path[static HELPER_PATH_MAX]);

// Gives a descriptor a high number: a small one may be what a reference such as fd:3 is about to name.
int helper_move_up(int fd);

// Makes a connection of packets. Neither end is inherited unless the helper is given it. On failure errno says why.
bool helper_socket(int *ours, int *its);

// The entries of an environment without those that are withheld. The caller frees the list, and not its entries. NULL:
// no memory.
typedef bool helper_withheld(const void *context, const char *name, const char *value);
char **helper_environment(char *const *environment, helper_withheld *withheld, const void *context);

// Descriptors are -1 where there is none, and pid is 0.
struct helper {
    pid_t pid;
    int socket;  // our end
    int process; // a pidfd
};

// Starts it with usual signals, whatever the caller's are. Those that a terminal sends to all of a group, and a service
// manager to all of a service, are held back until it has decided what to do with them. Its environment is `env`. What
// becomes of descriptors is in actions. Returns 0, or an errno. Does not set socket.
int helper_spawn(struct helper *helper, const char *program, char *const *argv, char *const *env,
                 const posix_spawn_file_actions_t *actions);

// Whether it has ended.
bool helper_has_ended(const struct helper *helper);

// Ends it, whatever it does. Gives its status as waitpid(2) does where it ended by itself within that time, else
// HELPER_KILLED. Its descriptors stay open until helper_close: other threads may wait for them.
enum { HELPER_KILLED = -1 };
int helper_end(struct helper *helper, int patience_ms);
void helper_close(struct helper *helper);
