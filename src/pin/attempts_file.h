// The files about a PKCS#11 token's PIN tries: their names, and how one is found, made and locked.
#pragma once

#include "config/paths.h"
#include "hsm/token/pin_giver.h"

#define PIN_FILE_NAME_MAX 64U

enum pin_file_kind {
    PIN_FILE_ATTEMPT, // the record of an unattended try
    PIN_FILE_COUNT    // a byte for each wrong PIN
};

// The name has the token's serial number and its label, since some modules give all their tokens one number. Two tokens
// may get one name. Then a person may have to give the PIN of one of them, and no PIN try is lost.
void pin_file_name(const struct token_info *info, enum pin_file_kind kind, char out[static PIN_FILE_NAME_MAX]);

struct pin_file {
    char path[PATH_TEXT_MAX];
    int fd; // -1: not open
};

enum pin_file_found {
    PIN_FILE_OPEN,       // and locked, where the file system has locks
    PIN_FILE_NONE,       // there is no such file
    PIN_FILE_BUSY,       // another process has locked it
    PIN_FILE_UNREADABLE, // it cannot be read, or is not this user's
    PIN_FILE_ANOTHERS    // another process has just made one
};

// Opens the existing file, in any of the folders (config/record_folder.h), and waits for its lock.
enum pin_file_found pin_file_find(struct pin_file *file, const char *name, const struct ssa_callbacks *callbacks);

// Makes an empty file in one of the folders.
enum pin_file_found pin_file_make(struct pin_file *file, unsigned folder, const char *name,
                                  const struct ssa_callbacks *callbacks);

void pin_file_close(struct pin_file *file);

// The record of failed tries: a line about the PIN, and a second line for tries that the token did not answer.
// More lines are about PINs of other files, which were refused before.
#define PIN_RECORD_MAX 1024U
#define PIN_OTHERS_MAX 1024U
struct pin_record {
    bool there;
    char identity[PIN_RECORD_MAX]; // of the PIN that was tried; "" where it is not known
    unsigned unanswered;           // how many tries in a row had no answer; 0: the PIN was refused
    unsigned level;                // pin_level before the first of them
    char others[PIN_OTHERS_MAX];   // the other identities, the latest last, each with a line break behind it
};

// Whether that PIN is one of the others.
bool pin_record_has_other(const struct pin_record *record, const char *identity);

// One more of the others, unless it is too long. The oldest ones make room for it.
void pin_record_add_other(struct pin_record *record, const char *identity);

// Forgets those of the same file: it was changed since.
void pin_record_drop_file(struct pin_record *record, const char *identity);

// Makes the latest of the others the PIN that the record is about.
void pin_record_take_other(struct pin_record *record);

// An empty file is no record.
void pin_record_read(int fd, struct pin_record *record);

// Overwrites the file and then cuts off the rest: so a record remains on a full disk.
bool pin_record_write(int fd, const struct pin_record *record);
