// Numbers and bytes in one message, written and read within bounds. Both ends run on one machine.
#pragma once

#include "core/span.h"

// A message that is being written. What does not fit is left out, and overflow says so from then on.
struct writer {
    uint8_t *data;
    size_t len, capacity;
    bool overflow;
};

void put_number(struct writer *w, uint64_t number);
// The length, then the bytes, and zeros up to the next multiple of 8: in a message that begins at one, every number is
// aligned, and so are the first of the bytes.
void put_bytes(struct writer *w, struct span bytes);
// Room for len bytes that something else fills, after the length; NULL where they do not fit.
uint8_t *put_room(struct writer *w, size_t len);

// A message that is being read. What it does not have, or has in excess, reads as nothing, and bad says so
// from then on.
struct reader {
    const uint8_t *data;
    size_t len, at;
    bool bad;
};

// A number of at most that much.
uint64_t get_number(struct reader *r, uint64_t most);
// At most that many bytes, where they are in the message.
struct span get_bytes(struct reader *r, size_t most);
// Whether the message was read to its end, and nothing of it was bad.
bool reader_is_done(const struct reader *r);
