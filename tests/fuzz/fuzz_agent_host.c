// host_is_loopback: what names this host ends with its port.
#include "fuzz.h"

#include "agent/http/host.h"

enum { PORT = 8091 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    const char *colon = strrchr(text, ':');
    CHECK(!host_is_loopback(text, PORT) || (colon != NULL && strcmp(colon, ":8091") == 0));
    free(text);
    return 0;
}
