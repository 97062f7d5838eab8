// A mutex of the whole process, and children that are forked while another thread has it: without this, the child's
// copy is locked for ever, and what the mutex protects is half done. fork() waits until the mutex is free.
#pragma once

#include <pthread.h>

// One that is locked while another one is taken is the outer one.
#define FORK_MUTEX_INNER 101
#define FORK_MUTEX_OUTER 102

// fork() takes the mutexes in the reverse order of these constructors, which is that of their numbers.
#define FORK_MUTEX(mutex, order)                                                                                       \
    static void take_before_fork(void)                                                                                 \
    {                                                                                                                  \
        (void)pthread_mutex_lock(&(mutex));                                                                            \
    }                                                                                                                  \
    static void leave_after_fork(void)                                                                                 \
    {                                                                                                                  \
        (void)pthread_mutex_unlock(&(mutex));                                                                          \
    }                                                                                                                  \
    __attribute__((constructor(order))) static void prepare_for_fork(void)                                             \
    {                                                                                                                  \
        (void)pthread_atfork(take_before_fork, leave_after_fork, leave_after_fork);                                    \
    }                                                                                                                  \
    _Static_assert((order) > 100, "lower numbers are the C library's")
