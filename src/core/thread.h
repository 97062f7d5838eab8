// Threads of ours: no signal is delivered to them, and they wait by the clock of core/monotonic.h.
#ifndef SSA_CORE_THREAD_H
#define SSA_CORE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

// Starts a thread with a stack of so many bytes, 0 for the usual one. Signals stay the business of the
// program's own threads.
bool thread_start(pthread_t *thread, size_t stack, void *(*run)(void *context), void *context);

// A condition whose timed waits count in monotonic time.
void condition_init(pthread_cond_t *condition);

#endif
