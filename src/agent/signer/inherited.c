#include "agent/signer/inherited.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/descriptors.h"
#include "core/descriptor.h"
#include "core/span.h"

// The entries lie one behind the other in memory.
void inherited_lock_environment(void)
{
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    if (count == 0)
        return;
    const char *last = environ[count - 1];
    // Where it cannot be locked, secrets tell so.
    (void)mlock(environ[0], (size_t)(last + strlen(last) - environ[0]));
}

void inherited_leave_terminal(void)
{
    DESCRIPTOR_AUTO nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)setsid();
    if (nothing >= 0 && isatty(STDIN_FILENO) == 1)
        (void)dup2(nothing, STDIN_FILENO);
}

void inherited_close(const struct ssa_settings *settings, int kept_one)
{
    struct descriptors kept = {.count = 0};
    descriptors_add(&kept, kept_one);
    descriptors_add_named(&kept, settings);
    descriptors_close_others(&kept);
}
