#include "core/wipe.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

// The compiler's own question brings a constructor that asks the processor some twenty times, each time through the
// hypervisor in a virtual machine: 0.1 ms at each start. The C library has asked before.
#if defined(__x86_64__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
#include <sys/platform/x86.h>
#define HAS_AVX512F CPU_FEATURE_ACTIVE(AVX512F)
#define HAS_AVX     CPU_FEATURE_ACTIVE(AVX)
#endif
#endif
#ifndef HAS_AVX
#define HAS_AVX512F __builtin_cpu_supports("avx512f")
#define HAS_AVX     __builtin_cpu_supports("avx")
#endif

void secret_wipe(void *memory, size_t len)
{
    if (memory != NULL)
        explicit_bzero(memory, len);
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
    if (HAS_AVX512F) {
        __asm__ volatile(".irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
                         "vpxorq %%zmm\\n, %%zmm\\n, %%zmm\\n\n\t"
                         ".endr\n\t"
                         "vzeroall" ::
                             : "memory");
    } else if (HAS_AVX) {
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
