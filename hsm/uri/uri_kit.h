// A URI as p11-kit has it. For hsm alone.
#pragma once

#include <p11-kit/uri.h>

#include "hsm/uri/uri.h"

// The layout is p11-kit's: ours is its type under our name.
static inline P11KitUri *uri_kit(const struct uri *uri)
{
    return (P11KitUri *)(uintptr_t)uri;
}
