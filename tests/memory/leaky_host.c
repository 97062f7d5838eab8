// The host with a leak, which the proof must find: linked with --wrap=host_serve, it keeps a copy of what
// C_CreateObject was given.
#include <stdlib.h>
#include <string.h>

#include "hsm/host/serve.h"

void __real_host_serve(struct host *host, struct span request, struct writer *answer);
void __wrap_host_serve(struct host *host, struct span request, struct writer *answer);

struct kept {
    struct kept *before;
    unsigned char bytes[];
};
static struct kept *kept;

void __wrap_host_serve(struct host *host, struct span request, struct writer *answer)
{
    struct reader reader = {.data = request.data, .len = request.len};
    if (get_number(&reader, CALL_COUNT - 1) == CALL_CREATE_OBJECT) {
        struct kept *copy = malloc(sizeof *copy + request.len);
        if (copy == NULL)
            abort();
        copy->before = kept;
        memcpy(copy->bytes, request.data, request.len);
        kept = copy;
    }
    __real_host_serve(host, request, answer);
}
