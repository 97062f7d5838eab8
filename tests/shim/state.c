/* The state file: lines of "key number", under a lock of the file. They are written anew by one call and in their old
 * places, so that whoever is killed meanwhile leaves the old numbers or the new ones: a line never gets shorter. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MAX_COUNTERS = 128, MAX_KEY = 64, NUMBER_WIDTH = 20 };

struct counter {
    char key[MAX_KEY];
    unsigned long value;
};

struct counters {
    struct counter at[MAX_COUNTERS];
    size_t count;
};

static unsigned long change_one(struct counters *counters, const char *key, enum state_change change)
{
    struct counter *counter = NULL;
    for (size_t i = 0; i < counters->count; i++)
        if (strcmp(counters->at[i].key, key) == 0)
            counter = &counters->at[i];
    if (counter == NULL) {
        if (change == STATE_READ || counters->count == MAX_COUNTERS)
            return 0;
        counter = &counters->at[counters->count++];
        snprintf(counter->key, sizeof(counter->key), "%s", key);
        counter->value = 0;
    }
    if (change == STATE_ADD)
        counter->value++;
    else if (change == STATE_CLEAR)
        counter->value = 0;
    return counter->value;
}

static void read_all(FILE *file, struct counters *counters)
{
    struct counter counter;
    while (counters->count < MAX_COUNTERS && fscanf(file, "%63s %lu", counter.key, &counter.value) == 2)
        counters->at[counters->count++] = counter;
}

/* A counter that silently stays at 0 would let a test of PIN tries pass. */
static _Noreturn void give_up(const char *path)
{
    fprintf(stderr, "ssa-hsm-shim: %s: %s\n", path, strerror(errno));
    abort();
}

static void write_all(int fd, const struct counters *counters)
{
    char text[MAX_COUNTERS * (MAX_KEY + NUMBER_WIDTH + 2)];
    size_t len = 0;
    for (size_t i = 0; i < counters->count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %0*lu\n", counters->at[i].key, NUMBER_WIDTH,
                                counters->at[i].value);
    if (pwrite(fd, text, len, 0) != (ssize_t)len)
        give_up("writing counters");
}

static unsigned long in_file(const char *path, const char *key, enum state_change change)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        give_up(path);
    /* Where there are no locks, a test has one process at a time. */
    (void)flock(fd, LOCK_EX);
    FILE *file = fdopen(fd, "r+");
    if (file == NULL)
        give_up(path);
    struct counters counters = {.count = 0};
    read_all(file, &counters);
    unsigned long value = change_one(&counters, key, change);
    if (change != STATE_READ)
        write_all(fd, &counters);
    fclose(file);
    return value;
}

static unsigned long in_memory(const char *key, enum state_change change)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct counters memory;
    pthread_mutex_lock(&lock);
    unsigned long value = change_one(&memory, key, change);
    pthread_mutex_unlock(&lock);
    return value;
}

static const char *state_path(void)
{
    const char *path = getenv("SSA_SHIM_STATE");
    return path != NULL && path[0] != '\0' ? path : NULL;
}

bool state_is_hosted(void)
{
    char name[16] = "";
    (void)prctl(PR_GET_NAME, name, 0, 0, 0);
    return strcmp(name, "ssa-hsm-host") == 0;
}

pid_t state_program(void)
{
    return state_is_hosted() ? getppid() : getpid();
}

unsigned long state_counter(const char *key, enum state_change change)
{
    const char *path = state_path();
    return path == NULL ? in_memory(key, change) : in_file(path, key, change);
}

unsigned long state_of_program(const char *key, enum state_change change)
{
    char own[PATH_MAX];
    const char *path = state_path();
    if (path == NULL || !state_is_hosted())
        return in_memory(key, change);
    snprintf(own, sizeof(own), "%s.%d", path, state_program());
    return in_file(own, key, change);
}
