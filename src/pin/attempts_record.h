// The record of a PKCS#11 token's failed PIN tries: a line about the PIN, and a second line for tries that
// the token did not answer.
#pragma once

#include <stdbool.h>

#define PIN_RECORD_MAX 1024U

struct pin_record {
    bool there;
    char identity[PIN_RECORD_MAX]; // of the PIN that was tried; "" where it is not known
    unsigned unanswered;           // how many tries in a row had no answer; 0: the PIN was refused
    unsigned level;                // pin_level before the first of them
};

// An empty file is no record.
void pin_record_read(int fd, struct pin_record *record);

// Overwrites the file and then cuts off the rest: so a record remains on a full disk.
bool pin_record_write(int fd, const struct pin_record *record);
