#include "hsm/data/mark.h"

#include "core/text.h"

#define APPLICATION "ssa-hsm"

bool data_mark(const char *operation, char mark[static DATA_MARK_MAX])
{
    return text_format(mark, DATA_MARK_MAX, "%s %s", APPLICATION, operation);
}

enum data_owner data_owner(const char *mark)
{
    const size_t len = sizeof APPLICATION - 1;
    if (mark[0] == '\0')
        return DATA_NOBODYS;
    // Early versions wrote only the program's name.
    return strncmp(mark, APPLICATION, len) == 0 && (mark[len] == '\0' || mark[len] == ' ') ? DATA_OURS : DATA_ANOTHERS;
}

bool data_mark_is_own(const char *mark)
{
    static const char before_name[] = APPLICATION " ";
    return strncmp(mark, before_name, sizeof before_name - 1) == 0;
}

bool data_marked(const struct data_marks *marks, const char *mark)
{
    for (size_t i = 0; i < marks->count; i++)
        if (strcmp(marks->list[i], mark) == 0)
            return true;
    return false;
}
