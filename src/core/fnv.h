// FNV-1a of 64 bits: names things, and finds what is damaged by chance. It protects nothing against anybody.
#pragma once

#include "core/span.h"

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)

// Goes on from what the bytes before have given, or from the basis.
static inline uint64_t fnv_from(uint64_t hash, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static inline uint64_t fnv_of(struct span bytes)
{
    return fnv_from(FNV_BASIS, bytes);
}
