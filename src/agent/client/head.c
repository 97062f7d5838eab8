#include "agent/client/head.h"

#include <strings.h>

#include "core/text.h"

static const char version[] = "HTTP/1.1 ", line_end[] = "\r\n", head_end[] = "\r\n\r\n";
enum {
    VERSION = sizeof version - 1,
    LINE_END = sizeof line_end - 1,
    HEAD_END = sizeof head_end - 1,
    STATUS_DIGITS = 3
};

static enum head_end bad(struct ssa_error *err, const char *why)
{
    (void)error_set(err, SSA_NETWORK, NULL, NULL, "%s", why);
    return HEAD_BAD;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

// A number of digits alone; one that is larger than most becomes most + 1.
static bool read_number(struct span text, size_t most, size_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.data[i]))
            return false;
        if (*number <= most)
            *number = *number * 10 + (size_t)(text.data[i] - '0');
    }
    if (*number > most)
        *number = most + 1;
    return text.len > 0;
}

// "HTTP/1.1 200 OK". The phrase may be empty.
static bool read_status(struct span line, struct agent_head *head)
{
    size_t status = 0;
    if (line.len < VERSION + STATUS_DIGITS || memcmp(line.data, version, VERSION) != 0)
        return false;
    if (!read_number(span_of(line.data + VERSION, STATUS_DIGITS), 599, &status) || status < 100 || status > 599)
        return false;
    head->status = (unsigned)status;
    return line.len == VERSION + STATUS_DIGITS || line.data[VERSION + STATUS_DIGITS] == ' ';
}

static bool is_name(struct span name)
{
    static const char allowed[] = TEXT_ALPHANUMERIC "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++)
        if (memchr(allowed, name.data[i], sizeof allowed - 1) == NULL)
            return false;
    return name.len > 0;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static bool is_visible(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.data[i] < ' ' && text.data[i] != '\t') || text.data[i] == 0x7f)
            return false;
    return true;
}

static struct span trimmed(struct span text)
{
    while (text.len > 0 && is_blank(text.data[0]))
        text = span_of(text.data + 1, text.len - 1);
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

static bool named(struct span name, const char *wanted)
{
    return name.len == strlen(wanted) && strncasecmp((const char *)name.data, wanted, name.len) == 0;
}

// The fields of one head, while they are read.
struct fields {
    struct agent_head *head;
    bool has_length, has_retry;
};

// Returns why the field cannot be used, or NULL.
static const char *take_field(struct fields *f, struct span name, struct span value)
{
    size_t number = 0;
    if (named(name, "Transfer-Encoding"))
        return "has a Transfer-Encoding";
    if (named(name, "Content-Length")) {
        if (f->has_length || !read_number(value, AGENT_BODY_MAX, &number))
            return "has no usable Content-Length";
        if (number > AGENT_BODY_MAX)
            return "is too long";
        f->has_length = true;
        f->head->body = number;
    }
    // It may also be a date, which the agent does not send.
    if (named(name, "Retry-After") && !f->has_retry && read_number(value, AGENT_RETRY_AFTER_MAX, &number)) {
        f->has_retry = true;
        f->head->retry_after = number > AGENT_RETRY_AFTER_MAX ? AGENT_RETRY_AFTER_MAX : (unsigned)number;
    }
    return NULL;
}

// Returns why the line is no field that can be used, or NULL.
static const char *read_field(struct fields *f, struct span line)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    const size_t len = colon == NULL ? 0 : (size_t)(colon - line.data);
    if (!is_name(span_of(line.data, len)) || !is_visible(line))
        return "has an invalid header line";
    return take_field(f, span_of(line.data, len), trimmed(span_of(colon + 1, line.len - len - 1)));
}

// Takes the line at the beginning of *text, which has a line break after it, off.
static struct span next_line(struct span *text)
{
    const uint8_t *end = memmem(text->data, text->len, line_end, LINE_END);
    const struct span line = span_of(text->data, (size_t)(end - text->data));
    *text = span_of(end + LINE_END, text->len - line.len - LINE_END);
    return line;
}

// text ends with the line break of its last line.
static enum head_end read_lines(struct span text, struct agent_head *head, struct ssa_error *err)
{
    struct fields fields = {.head = head};
    if (!read_status(next_line(&text), head))
        return bad(err, "has no usable status line");
    if (head->status < 200)
        return bad(err, "is an interim answer, which was not asked for");
    while (text.len > 0) {
        const char *why = read_field(&fields, next_line(&text));
        if (why != NULL)
            return bad(err, why);
    }
    return fields.has_length ? HEAD_WHOLE : bad(err, "has no Content-Length");
}

enum head_end agent_head_read(struct span received, struct agent_head *head, struct ssa_error *err)
{
    *head = (struct agent_head){0};
    // What speaks another protocol may wait for us, and never send a whole line.
    const size_t begun = received.len < VERSION ? received.len : VERSION;
    if (begun > 0 && memcmp(received.data, version, begun) != 0)
        return bad(err, "is not HTTP/1.1");
    const size_t looked_at = received.len < AGENT_HEAD_MAX ? received.len : AGENT_HEAD_MAX;
    const uint8_t *end = looked_at == 0 ? NULL : memmem(received.data, looked_at, head_end, HEAD_END);
    if (end == NULL)
        return received.len < AGENT_HEAD_MAX ? HEAD_MORE : bad(err, "has headers that are too long");
    head->len = (size_t)(end - received.data) + HEAD_END;
    return read_lines(span_of(received.data, head->len - LINE_END), head, err);
}
