// Holds secrets, each in one place only, and exits: what the search must find before its "nothing found" is
// worth anything. The file given as argument has six secrets of 32 bytes, in the order of `enum place`.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 32, PAGE = 4096 };
enum place { IN_HEAP, ON_THREADS_STACK, IN_CLOSED_PAGE, IN_REGISTER, IN_THREADS_REGISTER, IN_CHILD, PLACES };

static atomic_bool thread_ready;

// Read straight to where it belongs: a copy through a buffer would lie in the buffer too.
static void take(const char *path, enum place place, void *to)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || pread(file, to, SIZE, (off_t)place * SIZE) != SIZE) {
        _exit(3);
    }
    close(file);
}

// By hand: a library's function may be bound at its first call, and the loader then saves the vector
// registers on the stack, which put the secret into a second place.
static void wipe(volatile uint8_t secret[static SIZE])
{
    for (size_t i = 0; i < SIZE; i++) {
        secret[i] = 0;
    }
}

static void *hold(void *path)
{
    uint8_t secret[SIZE];
    uint8_t passing[SIZE];
    take(path, ON_THREADS_STACK, secret);
    take(path, IN_THREADS_REGISTER, passing);
    __asm__ volatile("vmovdqu (%0), %%ymm9" : : "r"(passing) : "xmm9", "memory");
    wipe(passing);
    atomic_store(&thread_ready, true);
    // Not pause(): the C library's way there might use the register.
    for (;;) {
        __asm__ volatile("pause" : : "r"(secret) : "memory");
    }
    return NULL;
}

static _Noreturn void exit_with_register(const char *path)
{
    uint8_t passing[SIZE];
    take(path, IN_REGISTER, passing);
    __asm__ volatile("vmovdqu (%0), %%ymm7" : : "r"(passing) : "xmm7", "memory");
    wipe(passing);
    __asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(0) : "rcx", "r11", "memory");
    __builtin_unreachable();
}

int main(int argc, char **argv)
{
    if (argc != 2 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return 3;
    }
    char *path = argv[1];

    uint8_t *heap = malloc(SIZE);
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t thread;
    if (!heap || page == MAP_FAILED || mlock(page, PAGE) != 0 || madvise(page, PAGE, MADV_DONTDUMP) != 0) {
        return 3;
    }

    pid_t child = fork();
    if (child == 0) {
        take(path, IN_CHILD, heap);
        _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) != child) {
        return 3;
    }

    take(path, IN_HEAP, heap);
    take(path, IN_CLOSED_PAGE, page);
    if (mprotect(page, PAGE, PROT_NONE) != 0 || pthread_create(&thread, NULL, hold, path) != 0) {
        return 3;
    }
    while (!atomic_load(&thread_ready)) {
        usleep(1000);
    }
    exit_with_register(path);
}
