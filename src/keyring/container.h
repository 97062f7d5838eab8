// Whether the keyring may be another machine's, in effect: containers share the kernel's keyrings with their host, and
// with each other, by the number of the user.
#pragma once

#include <stdbool.h>

// Whether this process seems to run in a container. root is the folder that its files are looked for in: "".
bool keyring_in_container(const char *root);
