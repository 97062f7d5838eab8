#include "core/secret_range.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/memory_lock.h"

// Some three times what fetching an access token needs. Pages that are not used do not exist.
enum { RANGE_BYTES = 512 * 1024, PAGES_MAX = RANGE_BYTES / 4096 };

static atomic_bool wanted;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool tried;
static uint8_t *range; // never unmapped
static pid_t owner;    // whose memory it is: a child process's copy is not locked
static size_t page;
static bool taken[PAGES_MAX];

void secret_range_use(void)
{
    atomic_store(&wanted, true);
}

// The two calls of madvise may fail, as for a buffer of its own.
static void map(void)
{
    tried = true;
    page = (size_t)sysconf(_SC_PAGESIZE);
    owner = getpid();
    void *memory = mmap(NULL, RANGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return;
    (void)madvise(memory, RANGE_BYTES, MADV_DONTDUMP);
    (void)madvise(memory, RANGE_BYTES, MADV_WIPEONFORK);
    if (memory_lock(memory, RANGE_BYTES))
        range = memory;
    else
        (void)munmap(memory, RANGE_BYTES);
}

static void mark(size_t first, size_t count, bool as)
{
    for (size_t i = 0; i < count; i++)
        taken[first + i] = as;
}

static void *first_fit(size_t count)
{
    size_t free_pages = 0;
    for (size_t i = 0; i < RANGE_BYTES / page; i++) {
        free_pages = taken[i] ? 0 : free_pages + 1;
        if (free_pages == count) {
            mark(i + 1 - count, count, true);
            return range + (i + 1 - count) * page;
        }
    }
    return NULL;
}

void *secret_range_take(size_t bytes)
{
    void *memory = NULL;
    if (!atomic_load(&wanted))
        return NULL;
    (void)pthread_mutex_lock(&mutex);
    if (!tried)
        map();
    if (range != NULL && owner == getpid())
        memory = first_fit(bytes / page);
    (void)pthread_mutex_unlock(&mutex);
    return memory;
}

bool secret_range_give(const void *memory, size_t bytes)
{
    if (!atomic_load(&wanted))
        return false;
    (void)pthread_mutex_lock(&mutex);
    // Below the range, the difference is larger than the range.
    const uintptr_t at = (uintptr_t)memory - (uintptr_t)range;
    const bool ours = range != NULL && at < RANGE_BYTES;
    if (ours)
        mark(at / page, bytes / page, false);
    (void)pthread_mutex_unlock(&mutex);
    return ours;
}
