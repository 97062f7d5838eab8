// A budget in a form that outlives its process: of a fixed size, and checked before it is believed.
#pragma once

#include "agent/cache/budget.h"
#include "core/fingerprint.h"

enum { BUDGET_BOOT_MAX = 48, BUDGET_NAME_SIZE = 72 };

// What tells one boot of the machine from another: times of boot_ms mean nothing in the next one.
struct budget_boot {
    char id[BUDGET_BOOT_MAX]; // filled up with zeros; "": not known
};

// All zero: there is none. It has no padding.
struct budget_record {
    uint64_t mark;
    char boot[BUDGET_BOOT_MAX];
    char name[BUDGET_NAME_SIZE]; // whose budget it is (budget_name)
    int64_t at[PACE_MOST];       // the last requests that were answered, in their order
    int64_t limit, others_until, shut_until;
    uint32_t answered, in_flight, others, refusals;
    uint64_t checksum;
};
_Static_assert(sizeof(struct budget_record) == 256, "a record has no padding");

// The name of the budget that a client id has at an address; "" where OpenSSL fails. It does not tell the client id.
void budget_name(const char *base_url, const char *client_id, char name[static FINGERPRINT_TEXT]);

void budget_record_make(const struct budget *budget, const char *name, const struct budget_boot *boot,
                        struct budget_record *record);

// Whether it is of this boot, whole, and possible at this time.
bool budget_record_is_good(const struct budget_record *record, const struct budget_boot *boot, long long now);

// Goes on with what a good record says. Requests that were in flight may have been sent: they count as answered now.
// Those that are in flight now stay so.
void budget_resume(struct budget *budget, const struct budget_record *record, long long now);

// Until when it says something: it can be forgotten then.
long long budget_record_ends(const struct budget_record *record, long long now);
