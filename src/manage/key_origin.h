// How a key came in, as the audit trail has it.
#pragma once

#include "journal/journal.h"

struct key_origin {
    bool known;
    enum operation operation;
    char import[sizeof((struct entry *)0)->import]; // "plain", "wrapped"
    time_t started, ended;         // ended is 0 where the operation is open still: a rotation whose old key serves on
    char id[JOURNAL_ID_MAX];       // of the entry
    long long sequence;            // its number; 0 where it is open
    char sha256[FINGERPRINT_TEXT]; // of its file, by which the chain goes on; empty where it is open
};

// Looks for the operation that put the key into the token. That none is found, or that the trail cannot be
// read, is no failure: the key may have come in elsewhere.
void key_origin_find(const struct ssa_run *run, const char *account, const char *kid, struct key_origin *origin);
