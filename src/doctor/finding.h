// What the checks have found.
#pragma once

#include "core/error.h"

struct finding {
    const char *check;
    enum ssa_health health;
    const char *after; // the check that must succeed before; NULL for none
    struct ssa_error found;
};

// In the order in which they were added. Where there is no memory for one, lost is set.
struct findings {
    struct finding *list;
    size_t count, room;
    bool lost;
};
void findings_free(struct findings *findings);

// Adds what is as it should be. subject may be NULL.
void finding_ok(struct findings *findings, const char *check, const char *subject, const char *what, ...)
    __attribute__((format(printf, 4, 5)));

// Adds an error as a failure, or as a warning: then its class does not count.
void finding_failure(struct findings *findings, const char *check, const struct ssa_error *found);
void finding_warning(struct findings *findings, const char *check, const struct ssa_error *found);

// Adds that a check was not made, since another one must succeed before.
void finding_skipped(struct findings *findings, const char *check, const char *after);

// Adds that a check was not made, since it is not needed, or nobody asked for it. reason says how to ask.
void finding_left_out(struct findings *findings, const char *check, enum ssa_reason reason, const char *detail,
                      const char *what, ...) __attribute__((format(printf, 5, 6)));

// Adds a row that is no check: a setting, or a version. where may be NULL.
void finding_row(struct findings *findings, const char *kind, const char *name, const char *value, const char *where);

// The worst of a check's findings; SSA_HEALTH_SKIPPED where there is none.
enum ssa_health findings_of(const struct findings *findings, const char *check);

// Whether a check was made and has no failure.
bool findings_passed(const struct findings *findings, const char *check);
