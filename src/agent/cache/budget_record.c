#include "agent/cache/budget_record.h"

#include <stddef.h>
#include <string.h>

#include "agent/cache/schedule.h"
#include "core/fnv.h"
#include "core/text.h"

enum {
    URL_AND_ID_MAX = 4096,
    LIMIT_MOST = 1000000, // of requests a minute that a server may announce
    REFUSALS_MOST = 1000000
};

// It changes with the record's form. Its bytes are in this machine's order, as all of the record.
#define RECORD_MARK UINT64_C(0x7373612d62756401)

void budget_name(const char *base_url, const char *client_id, char name[static FINGERPRINT_TEXT])
{
    char text[URL_AND_ID_MAX];
    name[0] = '\0';
    // An address has no line break.
    if (text_format(text, sizeof text, "%s\n%s", base_url, client_id))
        fingerprint(span_text(text), name);
}

// Finds what is damaged. It is no protection: nobody else can write there.
static uint64_t sum_of(const struct budget_record *record)
{
    return fnv_of(span_of(record, offsetof(struct budget_record, checksum)));
}

static uint32_t at_most(unsigned long number, uint32_t most)
{
    return number < most ? (uint32_t)number : most;
}

void budget_record_make(const struct budget *budget, const char *name, const struct budget_boot *boot,
                        struct budget_record *record)
{
    const struct pace *pace = &budget->pace;
    *record = (struct budget_record){.mark = RECORD_MARK,
                                     .limit = pace->limit < LIMIT_MOST ? pace->limit : LIMIT_MOST,
                                     .others_until = budget->others_until,
                                     .shut_until = budget->shut_until,
                                     .answered = at_most(pace->count, PACE_MOST),
                                     .in_flight = at_most(budget->in_flight, PACE_MOST),
                                     .others = at_most(budget->others, PACE_MOST),
                                     .refusals = at_most(budget->refusals, REFUSALS_MOST)};
    memcpy(record->boot, boot->id, sizeof record->boot);
    (void)text_format(record->name, sizeof record->name, "%s", name);
    for (unsigned i = 0; i < record->answered; i++)
        record->at[i] = pace->at[(pace->count - record->answered + i) % PACE_MOST];
    record->checksum = sum_of(record);
}

static bool is_whole(const struct budget_record *record, const struct budget_boot *boot)
{
    return record->mark == RECORD_MARK && record->checksum == sum_of(record) && boot->id[0] != '\0' &&
           memcmp(record->boot, boot->id, sizeof record->boot) == 0 && record->name[0] != '\0' &&
           memchr(record->name, '\0', sizeof record->name) != NULL;
}

static bool is_possible(const struct budget_record *record, long long now)
{
    if (record->answered > PACE_MOST || record->in_flight > PACE_MOST || record->others > PACE_MOST ||
        record->refusals > REFUSALS_MOST || record->limit < 0 || record->limit > LIMIT_MOST ||
        record->others_until < 0 || record->shut_until < 0 || record->others_until > now + PACE_MINUTE_MS ||
        record->shut_until > now + LIMITED_TOLD_MS)
        return false;
    long long last = 0;
    for (unsigned i = 0; i < record->answered; i++) {
        if (record->at[i] < last || record->at[i] > now)
            return false;
        last = record->at[i];
    }
    return true;
}

bool budget_record_is_good(const struct budget_record *record, const struct budget_boot *boot, long long now)
{
    return is_whole(record, boot) && is_possible(record, now);
}

void budget_resume(struct budget *budget, const struct budget_record *record, long long now)
{
    *budget = (struct budget){.pace.limit = (long)record->limit,
                              .in_flight = budget->in_flight,
                              .others = record->others,
                              .others_until = record->others_until,
                              .shut_until = record->shut_until,
                              .refusals = record->refusals};
    for (unsigned i = 0; i < record->answered; i++)
        pace_note(&budget->pace, record->at[i]);
    for (unsigned i = 0; i < record->in_flight; i++)
        pace_note(&budget->pace, now);
}

long long budget_record_ends(const struct budget_record *record, long long now)
{
    long long ends = record->shut_until;
    if (record->others > 0 && record->others_until > ends)
        ends = record->others_until;
    const long long last = record->in_flight > 0 ? now : record->answered > 0 ? record->at[record->answered - 1] : 0;
    return last > 0 && last + PACE_MINUTE_MS > ends ? last + PACE_MINUTE_MS : ends;
}
