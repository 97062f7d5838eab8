#include "journal/journal_lines.h"

#include "journal/entry_json.h"

// The beginning of every file, and the beginning before there were checksums. They differ in so many bits that damage
// does not turn one into the other.
static const char start[] = "{\"format\":", earlier_start[] = "{\"operation\":";

static bool begins_with(struct span file, const char *text)
{
    const size_t len = strlen(text);
    return file.len == 0 || memcmp(file.data, text, file.len < len ? file.len : len) == 0;
}

bool lines_are_earlier(struct span file)
{
    return file.len >= sizeof earlier_start - 1 && begins_with(file, earlier_start);
}

static size_t used(struct span file)
{
    size_t len = file.len;
    while (len > 0 && file.data[len - 1] == '\0')
        len--;
    return len;
}

static bool follows(const struct entry *next, const struct entry *last, struct ssa_error *why)
{
    if (next->line != last->line + 1)
        return error_set(why, SSA_CONFIG, NULL, NULL, "the entry is damaged: line %lld follows on line %lld",
                         next->line, last->line);
    const bool same = last->line == 0 || (next->operation == last->operation && strcmp(next->id, last->id) == 0);
    return same || error_set(why, SSA_CONFIG, NULL, NULL, "the entry is damaged: a line is of another entry");
}

static bool take(struct span line, struct entry *last, struct ssa_error *why)
{
    ENTRY_AUTO *next = entry_new(why);
    if (next == NULL || !entry_read(line, next, why) || !follows(next, last, why))
        return false;
    *last = *next;
    return true;
}

// Reads the text after the last line break. With its checksum it is a complete line that lacks only the line break. If
// one byte follows the checksum, the line break was damaged: then it is not an incomplete line.
static enum lines read_tail(struct span tail, struct entry *last, struct lines_end *end, struct ssa_error *why)
{
    if (checksum_ends(tail)) {
        end->unfinished = take(tail, last, why);
        end->at += tail.len;
        return end->unfinished ? LINES_READ : LINES_DAMAGED;
    }
    if (tail.len > 1 && checksum_ends(span_of(tail.data, tail.len - 1))) {
        error_set(why, SSA_CONFIG, NULL, NULL, "the entry is damaged: its last line has no line break");
        return LINES_DAMAGED;
    }
    if (last->line > 0)
        return LINES_READ;
    if (begins_with(tail, start))
        return LINES_NONE;
    error_set(why, SSA_CONFIG, NULL, NULL, "is not an entry of the journal");
    return LINES_DAMAGED;
}

enum lines lines_read(struct span file, struct entry *last, struct lines_end *end, struct ssa_error *why)
{
    const uint8_t *newline = NULL;
    *last = (struct entry){0};
    *end = (struct lines_end){.dirty = used(file)};
    struct span rest = span_of(file.data, end->dirty);
    while (rest.len > 0 && (newline = memchr(rest.data, '\n', rest.len)) != NULL) {
        const size_t len = (size_t)(newline - rest.data);
        if (!take(span_of(rest.data, len), last, why))
            return LINES_DAMAGED;
        end->at += len + 1;
        rest = span_of(rest.data + len + 1, rest.len - len - 1);
    }
    return read_tail(rest, last, end, why);
}

static bool read_closed(struct span file, struct entry *last, struct ssa_error *err)
{
    struct lines_end end;
    const enum lines lines = lines_read(file, last, &end, err);
    if (lines == LINES_DAMAGED)
        return false;
    return (lines == LINES_READ && last->step == STEP_CLOSED && end.at == file.len && !end.unfinished) ||
           error_set(err, SSA_CONFIG, NULL, NULL,
                     "the entry is damaged: it is cut off, or has more text after its end");
}

// Its lines have no numbers. The chain of the history shows whether they were changed.
static bool read_earlier(struct span file, struct entry *last, struct ssa_error *err)
{
    if (file.data[file.len - 1] != '\n')
        return error_set(err, SSA_CONFIG, NULL, NULL, "the entry is damaged: its last line has no line break");
    const size_t len = file.len - 1;
    const uint8_t *newline = memrchr(file.data, '\n', len);
    const size_t at = newline == NULL ? 0 : (size_t)(newline - file.data) + 1;
    return entry_read_earlier(span_of(file.data + at, len - at), last, err);
}

bool lines_read_closed(struct span file, struct entry *last, struct ssa_error *err)
{
    return lines_are_earlier(file) ? read_earlier(file, last, err) : read_closed(file, last, err);
}
