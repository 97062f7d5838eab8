// Threads of our own. They receive no signals, and wait by the clock of core/monotonic.h.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

// Starts a thread with a stack of so many bytes; 0 means the usual size. Signals are for the program's own threads.
bool thread_start(pthread_t *thread, size_t stack, void *(*run)(void *context), void *context);

// Makes a condition whose timed waits use the monotonic clock.
void thread_condition_init(pthread_cond_t *condition);

// Waits for such a condition, at most so many milliseconds. The mutex is locked before and after.
void thread_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, unsigned ms);
