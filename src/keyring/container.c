#include "keyring/container.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/text.h"

// What Docker, Podman and systemd leave in a container.
static const char *const files[] = {"/.dockerenv", "/run/.containerenv", "/run/systemd/container"};

// What Podman, LXC and systemd-nspawn, and what Kubernetes sets.
static const char *const variables[] = {"container", "KUBERNETES_SERVICE_HOST"};

bool keyring_in_container(const char *root)
{
    char path[256];
    for (size_t i = 0; i < COUNT(variables); i++)
        if (text_present(getenv(variables[i])))
            return true;
    for (size_t i = 0; i < COUNT(files); i++)
        if (text_format(path, sizeof path, "%s%s", root, files[i]) && access(path, F_OK) == 0)
            return true;
    return false;
}
