// Finds any of a set of byte strings ("needles") at every offset of a buffer, quickly: one multiplication and
// one bit test for each byte. Loaded into the tracer by ctypes (search.py), which does everything that need
// not be fast.
#include <cpuid.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_BYTES = 8,    // a needle is looked up by its first eight bytes; none may be shorter
    FILTER_BITS = 18, // 32 KiB of bits, which stay in the first cache
    TABLE_BITS = 16,
};

struct needle_set {
    const uint8_t **needle;
    const uint32_t *length;
    uint32_t *next;                   // the needle after this one in its chain, plus one; 0 ends it
    uint32_t first[1u << TABLE_BITS]; // likewise plus one
    uint64_t filter[1u << (FILTER_BITS - 6)];
};

struct hit {
    uint64_t offset;
    uint32_t needle;
    uint32_t reserved;
};

static uint64_t mix(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, KEY_BYTES);
    return word * UINT64_C(0x9e3779b97f4a7c15);
}

void needles_free(struct needle_set *set)
{
    if (!set) {
        return;
    }
    free(set->needle);
    free(set->next);
    free(set);
}

// The needles lie one behind the other in `bytes`, which with `length` must outlive the set.
struct needle_set *needles_new(const uint8_t *bytes, const uint32_t *length, uint32_t count)
{
    struct needle_set *set = calloc(1, sizeof *set);
    if (!set) {
        return NULL;
    }
    set->length = length;
    set->needle = calloc(count + 1u, sizeof *set->needle);
    set->next = calloc(count + 1u, sizeof *set->next);
    if (!set->needle || !set->next) {
        needles_free(set);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (length[i] < KEY_BYTES) {
            needles_free(set);
            return NULL;
        }
        set->needle[i] = bytes;
        bytes += length[i];
        uint64_t hash = mix(set->needle[i]);
        uint32_t *head = &set->first[hash >> (64 - TABLE_BITS)];
        set->next[i] = *head;
        *head = i + 1;
        uint64_t bit = hash >> (64 - FILTER_BITS);
        set->filter[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
    return set;
}

// Writes at most `room` hits and returns how many there were.
size_t needles_find(const struct needle_set *set, const uint8_t *buffer, size_t size, struct hit *hits, size_t room)
{
    size_t found = 0;
    for (size_t at = 0; at + KEY_BYTES <= size; at++) {
        uint64_t hash = mix(buffer + at);
        uint64_t bit = hash >> (64 - FILTER_BITS);
        if (!(set->filter[bit / 64] >> (bit % 64) & 1)) {
            continue;
        }
        for (uint32_t i = set->first[hash >> (64 - TABLE_BITS)]; i != 0; i = set->next[i - 1]) {
            if (set->length[i - 1] > size - at || memcmp(set->needle[i - 1], buffer + at, set->length[i - 1]) != 0) {
                continue;
            }
            if (found < room) {
                hits[found] = (struct hit){.offset = at, .needle = i - 1};
            }
            found++;
        }
    }
    return found;
}

// Where a component of the processor's state stands in what PTRACE_GETREGSET hands out. It differs between
// makers, so the processor is asked (leaf 0xd). False when it has no such component.
bool xsave_component(uint32_t component, uint32_t *offset, uint32_t *size)
{
    uint32_t ecx = 0;
    uint32_t edx = 0;
    *offset = 0;
    *size = 0;
    return __get_cpuid_count(0xd, component, size, offset, &ecx, &edx) && *size != 0;
}
