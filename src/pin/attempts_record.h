// What the record of a token's failed PIN tries says: a line about the PIN, and, for tries that the token did
// not answer, a second one.
#ifndef SSA_PIN_ATTEMPTS_RECORD_H
#define SSA_PIN_ATTEMPTS_RECORD_H

#include <stdbool.h>

#define PIN_RECORD_MAX 1024U

struct pin_record {
    bool there;
    char identity[PIN_RECORD_MAX]; // of the PIN that was tried; "" where it cannot be told from another
    unsigned unanswered;           // tries without an answer, one after the other; 0: the PIN was refused
    unsigned level;                // of the token's flags before the first of them
};

// An empty file is no record.
void pin_record_read(int fd, struct pin_record *record);

// Written over what is there, and cut off only then: on a full disk the former record stays one.
bool pin_record_write(int fd, const struct pin_record *record);

#endif
