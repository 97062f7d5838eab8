#include "pin/attempts_record.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"

static const char mark[] = "unanswered";
enum { NUMBERS_MAX = 32, COUNT_MAX = 9 };

// Reads the numbers after the mark. A mark without numbers means one try. A malformed line means more tries than any
// rule allows.
static void read_unanswered(const char *line, struct pin_record *record)
{
    if (strncmp(line, mark, sizeof mark - 1) != 0)
        return;
    line += sizeof mark - 1;
    record->unanswered = 1;
    if (*line == '\0' || *line == '\n')
        return;
    // Two numbers of one digit: " 1 0".
    const bool read =
        line[0] == ' ' && isdigit((unsigned char)line[1]) && line[2] == ' ' && isdigit((unsigned char)line[3]);
    record->unanswered = read && line[1] != '0' ? (unsigned)(line[1] - '0') : COUNT_MAX;
    if (read)
        record->level = (unsigned)(line[3] - '0');
}

void pin_record_read(int fd, struct pin_record *record)
{
    char text[PIN_RECORD_MAX + sizeof mark + NUMBERS_MAX];
    *record = (struct pin_record){0};
    const ssize_t got = pread(fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    record->there = got != 0;
    const size_t len = strcspn(text, "\n");
    if (text[len] == '\n')
        read_unanswered(text + len + 1, record);
    text[len] = '\0';
    // An identity that is too long is dropped: then the record counts for every PIN.
    if (len < sizeof record->identity)
        memcpy(record->identity, text, len + 1);
}

bool pin_record_write(int fd, const struct pin_record *record)
{
    char text[PIN_RECORD_MAX + sizeof mark + NUMBERS_MAX];
    char second[sizeof mark + NUMBERS_MAX] = "";
    if (record->unanswered > 0 &&
        !text_format(second, sizeof second, "%s %u %u\n", mark,
                     record->unanswered < COUNT_MAX ? record->unanswered : COUNT_MAX, record->level))
        return false;
    if (!text_format(text, sizeof text, "%s\n%s", record->identity, second))
        return false;
    const size_t len = strlen(text);
    return pwrite(fd, text, len, 0) == (ssize_t)len && ftruncate(fd, (off_t)len) == 0;
}
