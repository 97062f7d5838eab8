// A library whose loading goes on until the test says that it may end. It knows the descriptors by the environment.
#include <stdlib.h>
#include <unistd.h>

static int descriptor(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? (int)strtol(text, NULL, 10) : -1;
}

__attribute__((constructor)) static void wait_for_the_test(void)
{
    char byte = 0;
    if (write(descriptor("SLOW_LIBRARY_BEGUN"), &byte, 1) == 1)
        (void)!read(descriptor("SLOW_LIBRARY_MAY_END"), &byte, 1);
}
