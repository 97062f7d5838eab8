// Threads of our own. They receive no signals, and wait by the clock of core/monotonic.h.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

// Starts a thread with a stack of so many bytes; 0 means the usual size. Signals are for the program's own threads.
bool thread_start(pthread_t *thread, size_t stack, void *(*run)(void *context), void *context);

// Makes a condition whose timed waits use the monotonic clock.
void thread_condition_init(pthread_cond_t *condition);

// Waits for such a condition until a time of monotonic_ms. The mutex is locked before and after. Returns false when
// that time has come.
bool thread_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, long long until);
