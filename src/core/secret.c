#include "core/secret.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

void secret_wipe(void *memory, size_t len)
{
    if (memory != NULL)
        explicit_bzero(memory, len);
}

bool secret_new(struct secret *s, size_t capacity, struct ssa_error *err)
{
    *s = (struct secret){0};
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t mapped = (capacity + 1 + page - 1) / page * page;
    void *memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "no memory for a secret of %zu bytes", capacity);
    // Some sandboxes lack the first call, but there the program makes no core dump. Kernels before 4.14 lack the
    // second. There the child processes that look at modules have copies.
    (void)madvise(memory, mapped, MADV_DONTDUMP);
    (void)madvise(memory, mapped, MADV_WIPEONFORK);
    *s = (struct secret){.data = memory, .capacity = capacity, .mapped = mapped};
    s->locked = mlock(memory, mapped) == 0;
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

void secret_clear(struct secret *s)
{
    secret_wipe(s->data, s->data == NULL ? 0 : s->capacity + 1);
    s->len = 0;
}

void secret_free(struct secret *s)
{
    if (s->data != NULL) {
        secret_wipe(s->data, s->mapped);
        // Unmapping unlocks. If it fails, the pages are already wiped.
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

bool result_take(struct ssa_text *text, struct secret *secret, struct ssa_error *err)
{
    struct secret *owner = malloc(sizeof *owner);
    if (owner == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the result");
    *owner = *secret;
    *secret = (struct secret){0};
    *text = (struct ssa_text){.text = secret_text(owner), .len = owner->len, .owner = owner};
    return true;
}

void ssa_text_free(struct ssa_text *text)
{
    if (text->owner != NULL) {
        secret_free(text->owner);
        free(text->owner);
    }
    *text = (struct ssa_text){0};
}

void ssa_grant_free(struct ssa_grant *grant)
{
    ssa_text_free(&grant->json);
    ssa_text_free(&grant->token);
}

void ssa_created_free(struct ssa_created *created)
{
    ssa_text_free(&created->block);
}

// So many bytes below the caller are wiped. So many at the end of a small stack stay, because the wiping needs them.
enum { STACK_BELOW = 28 * 1024, STACK_SPARED = 12 * 1024 };

// The room below here on the first thread's stack, which grows up to a limit. Its upper end is a few pages above the
// name of the program's file, which the kernel writes there.
static size_t first_stack_room(uintptr_t here)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return STACK_BELOW + STACK_SPARED;
    const uintptr_t used = (uintptr_t)getauxval(AT_EXECFN) - here;
    return limit.rlim_cur > used ? (size_t)(limit.rlim_cur - used) : 0;
}

static size_t stack_room(void)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t size = 0;
    if (gettid() == getpid())
        return first_stack_room(here);
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return 0;
    const bool known = pthread_attr_getstack(&attributes, &lowest, &size) == 0;
    (void)pthread_attr_destroy(&attributes);
    return known && here > (uintptr_t)lowest ? here - (uintptr_t)lowest : 0;
}

static __attribute__((noinline)) void wipe_stack(void)
{
    const size_t room = stack_room();
    if (room <= STACK_SPARED)
        return;
    const size_t size = room - STACK_SPARED < STACK_BELOW ? room - STACK_SPARED : STACK_BELOW;
    uint8_t *below = __builtin_alloca(size);
    explicit_bzero(below, size);
}

void secret_wipe_stack(void)
{
    wipe_stack();
#if defined(__x86_64__)
    // vzeroall clears the whole of registers 0 to 15; registers 16 to 31 exist only with AVX-512.
    if (__builtin_cpu_supports("avx512f")) {
        __asm__ volatile(".irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
                         "vpxorq %%zmm\\n, %%zmm\\n, %%zmm\\n\n\t"
                         ".endr\n\t"
                         "vzeroall" ::
                             : "memory");
    } else if (__builtin_cpu_supports("avx")) {
        __asm__ volatile("vzeroall" ::: "memory");
    } else {
        __asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
                         "pxor %%xmm\\n, %%xmm\\n\n\t"
                         ".endr" ::
                             : "memory");
    }
#elif defined(__aarch64__)
    __asm__ volatile(".irp n,0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
                     "movi v\\n\\().16b, #0\n\t"
                     ".endr" ::
                         : "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20",
                           "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
#endif
}
