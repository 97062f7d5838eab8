#include "core/secret.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/memory_lock.h"
#include "core/secret_range.h"

bool secret_new(struct secret *s, size_t capacity, struct ssa_error *err)
{
    *s = (struct secret){0};
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t mapped = (capacity + 1 + page - 1) / page * page;
    void *part = secret_range_take(mapped);
    if (part != NULL) {
        *s = (struct secret){.data = part, .capacity = capacity, .mapped = mapped, .locked = true};
        return true;
    }
    void *memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "no memory for a secret of %zu bytes", capacity);
    // Some sandboxes lack the first call, but there the program makes no core dump. Kernels before 4.14 lack the
    // second. There the child processes that look at modules have copies.
    (void)madvise(memory, mapped, MADV_DONTDUMP);
    (void)madvise(memory, mapped, MADV_WIPEONFORK);
    *s = (struct secret){.data = memory, .capacity = capacity, .mapped = mapped};
    s->locked = memory_lock(memory, mapped);
    s->not_locked = s->locked ? 0 : errno;
    return true;
}

bool secret_must_be_locked(const struct secret *s, struct ssa_error *err)
{
    if (s->locked)
        return true;
    struct rlimit limit = {0};
    const bool known = getrlimit(RLIMIT_MEMLOCK, &limit) == 0;
    // mlock(2): ENOMEM and EAGAIN for too much of it, EPERM for a limit of 0.
    const bool by_limit = s->not_locked == ENOMEM || s->not_locked == EAGAIN ||
                          (s->not_locked == EPERM && (!known || limit.rlim_cur == 0));
    if (!by_limit) {
        error_errno(err, SSA_CONFIG, s->not_locked, "mlock",
                    "memory cannot be locked, so a private key could be written to swap");
        return error_hint(err, "The kernel or a sandbox refuses it: allow the system call mlock, or make the key on "
                               "another machine. Nothing was sent to the API.");
    }
    error_set(err, SSA_CONFIG, "RLIMIT_MEMLOCK", NULL,
              "memory cannot be locked (limit %llu bytes), so a private key could be written to swap",
              known ? (unsigned long long)limit.rlim_cur : 0ULL);
    return error_reason(err, SSA_REASON_LOCK_LIMIT, NULL);
}

bool secret_append(struct secret *s, struct span bytes)
{
    if (bytes.len > s->capacity - s->len)
        return false;
    if (bytes.len > 0)
        memcpy(s->data + s->len, bytes.data, bytes.len);
    s->len += bytes.len;
    s->data[s->len] = 0;
    return true;
}

bool secret_append_text(struct secret *s, const char *text)
{
    return secret_append(s, span_text(text));
}

// Wipes what is in memory. No page that is locked is anywhere else, and to wipe one that was never used would bring it.
// A single one is used nearly always, and to ask takes longer than to wipe it.
static void wipe(const struct secret *s)
{
    enum { PAGES = 64 };
    unsigned char present[PAGES];
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t at = 0; at < s->mapped; at += PAGES * page) {
        const size_t len = s->mapped - at < PAGES * page ? s->mapped - at : PAGES * page;
        const bool known = s->locked && s->mapped > page && mincore(s->data + at, len, present) == 0;
        for (size_t i = 0; i < len / page; i++)
            if (!known || (present[i] & 1) != 0)
                secret_wipe(s->data + at + i * page, page);
    }
}

void secret_clear(struct secret *s)
{
    if (s->data != NULL)
        wipe(s);
    s->len = 0;
}

void secret_free(struct secret *s)
{
    if (s->data != NULL) {
        wipe(s);
        // Unmapping unlocks. If it fails, the pages are already wiped.
        if (!secret_range_give(s->data, s->mapped))
            (void)munmap(s->data, s->mapped);
    }
    *s = (struct secret){0};
}

void secret_drop_newline(struct secret *s)
{
    if (s->len == 0 || s->data[s->len - 1] != '\n')
        return;
    s->data[--s->len] = 0;
    if (s->len > 0 && s->data[s->len - 1] == '\r')
        s->data[--s->len] = 0;
}
