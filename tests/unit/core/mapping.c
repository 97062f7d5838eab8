#include "core/mapping.h"

#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"

uintptr_t mapping_at(const void *address, char flags[static MAPPING_FLAGS])
{
    char line[512];
    uintptr_t begin = 0;
    bool here = false;
    FILE *file = fopen("/proc/self/smaps", "re");
    assert_non_null(file);
    flags[0] = '\0';
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long from = 0, to = 0;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            here = (uintptr_t)address >= from && (uintptr_t)address < to;
            begin = here ? from : begin;
        } else if (here && strncmp(line, "VmFlags:", 8) == 0) {
            (void)text_format(flags, MAPPING_FLAGS, "%s", line + 8);
        }
    }
    assert_int_equal(fclose(file), 0);
    return begin;
}
