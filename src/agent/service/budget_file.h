// The budgets in a file of the agent's folder: the next agent goes on with them, however this one ends. Without the
// file, and where it cannot be written, the agent works all the same, and its successor knows nothing.
//
// Whoever changes it holds both its mutex and the service's; one of them is enough to read.
#pragma once

#include <pthread.h>

#include "agent/cache/budget_record.h"

enum {
    BUDGET_FILE_RECORDS = 16, // more than an agent has budgets: a profile may come back to one
    BUDGET_FILE_PATH_MAX = 512
};

struct budget_file {
    pthread_mutex_t mutex; // is locked before that of the service
    char path[BUDGET_FILE_PATH_MAX];
    int fd; // -1: none
    struct budget_boot boot;
    struct budget_record records[BUDGET_FILE_RECORDS];
};

// The id that the kernel gives to this boot; "" where it cannot be read.
struct budget_boot budget_boot_now(void);

// Reads what is there. Makes no file: only a request does. folder NULL: there is never one. prefix may be NULL.
void budget_file_open(struct budget_file *file, const char *folder, const char *prefix, const struct budget_boot *boot,
                      long long now);
// Removes the file where it says nothing any more.
void budget_file_close(struct budget_file *file, long long now);

// The record of this budget; NULL: none.
const struct budget_record *budget_file_find(const struct budget_file *file, const char *name);

// Takes over the record, and returns its place.
size_t budget_file_keep(struct budget_file *file, const struct budget_record *record, long long now);
// Writes the record at that place, by one call; all of them where the file is not there (any more). Needs no more than
// the file's mutex.
void budget_file_write(struct budget_file *file, size_t place);
