// Numbers and bytes in one message.
#include "core/codec.h"

enum { NUMBER_BYTES = sizeof(uint64_t) };

// What is behind bytes so that the next number is aligned: modules read numbers where they are in a message.
static size_t padding(size_t len)
{
    return -len % NUMBER_BYTES;
}

static uint8_t *take_room(struct writer *w, size_t len)
{
    const size_t left = w->capacity - w->len;
    if (w->overflow || len > left || padding(len) > left - len) {
        w->overflow = true;
        return NULL;
    }
    uint8_t *room = w->data + w->len;
    memset(room + len, 0, padding(len));
    w->len += len + padding(len);
    return room;
}

void put_number(struct writer *w, uint64_t number)
{
    uint8_t *room = take_room(w, NUMBER_BYTES);
    if (room != NULL)
        memcpy(room, &number, NUMBER_BYTES);
}

uint8_t *put_room(struct writer *w, size_t len)
{
    put_number(w, len);
    return take_room(w, len);
}

void put_bytes(struct writer *w, struct span bytes)
{
    uint8_t *room = put_room(w, bytes.len);
    if (room != NULL && bytes.len > 0)
        memcpy(room, bytes.data, bytes.len);
}

static const uint8_t *give(struct reader *r, size_t len)
{
    const size_t left = r->len - r->at;
    if (r->bad || len > left || padding(len) > left - len) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *given = r->data + r->at;
    r->at += len + padding(len);
    return given;
}

uint64_t get_number(struct reader *r, uint64_t most)
{
    uint64_t number = 0;
    const uint8_t *given = give(r, NUMBER_BYTES);
    if (given == NULL)
        return 0;
    memcpy(&number, given, NUMBER_BYTES);
    if (number <= most)
        return number;
    r->bad = true;
    return 0;
}

struct span get_bytes(struct reader *r, size_t most)
{
    const size_t len = (size_t)get_number(r, most);
    const uint8_t *given = give(r, len);
    return given == NULL ? span_of(NULL, 0) : span_of(given, len);
}

bool reader_is_done(const struct reader *r)
{
    return !r->bad && r->at == r->len;
}
