#include "core/secret_pool.h"

#include <stdatomic.h>
#include <unistd.h>

// All have the same size: that of a usual assertion, and one more byte.
enum { BUFFERS = 4, BUFFER_BYTES = 8192 };

// What a buffer in the pool begins with. In a child process, whose copy is not locked, it is no more, or another one.
struct pooled {
    pid_t owner;
    size_t mapped;
};

static _Atomic(struct pooled *) pool[BUFFERS];

static bool has_size(size_t capacity)
{
    return capacity < BUFFER_BYTES && capacity >= BUFFER_BYTES / 2;
}

bool secret_pool_take(struct secret *s, size_t capacity, struct ssa_error *err)
{
    for (size_t i = 0; has_size(capacity) && i < BUFFERS; i++) {
        struct pooled *buffer = atomic_exchange(&pool[i], NULL);
        if (buffer == NULL || buffer->owner != getpid())
            continue;
        *s = (struct secret){.data = (uint8_t *)buffer, .capacity = capacity, .mapped = buffer->mapped, .locked = true};
        *buffer = (struct pooled){0};
        return true;
    }
    return secret_new(s, capacity, err);
}

void secret_pool_give(struct secret *s)
{
    if (s->data != NULL && s->locked && has_size(s->capacity)) {
        struct pooled *buffer = (struct pooled *)s->data;
        secret_wipe(buffer, s->mapped);
        *buffer = (struct pooled){.owner = getpid(), .mapped = s->mapped};
        for (size_t i = 0; i < BUFFERS; i++) {
            struct pooled *none = NULL;
            if (atomic_compare_exchange_strong(&pool[i], &none, buffer)) {
                *s = (struct secret){0};
                return;
            }
        }
    }
    secret_free(s);
}
