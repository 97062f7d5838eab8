#include "doctor/finding.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>

#include "core/text.h"

enum { ROOM_FIRST = 32 };

void findings_free(struct findings *findings)
{
    free(findings->list);
    *findings = (struct findings){0};
}

static struct finding *add(struct findings *f, const char *check, enum ssa_health health)
{
    if (f->count == f->room) {
        const size_t room = f->room == 0 ? ROOM_FIRST : 2 * f->room;
        struct finding *grown = reallocarray(f->list, room, sizeof *grown);
        if (grown == NULL) {
            f->lost = true;
            return NULL;
        }
        f->list = grown;
        f->room = room;
    }
    struct finding *finding = &f->list[f->count++];
    *finding = (struct finding){.check = check, .health = health};
    return finding;
}

static void take_text(struct finding *finding, const char *subject, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void take_text(struct finding *finding, const char *subject, const char *format, va_list args)
{
    text_harmless(finding->found.subject, sizeof finding->found.subject, span_text(subject != NULL ? subject : ""));
    text_harmless_format(finding->found.what, sizeof finding->found.what, format, args);
}

void finding_ok(struct findings *findings, const char *check, const char *subject, const char *what, ...)
{
    struct finding *finding = add(findings, check, SSA_HEALTH_OK);
    va_list args;
    if (finding == NULL)
        return;
    va_start(args, what);
    take_text(finding, subject, what, args);
    va_end(args);
}

void finding_failure(struct findings *findings, const char *check, const struct ssa_error *found)
{
    struct finding *finding = add(findings, check, SSA_HEALTH_FAILURE);
    if (finding != NULL)
        finding->found = *found;
}

void finding_warning(struct findings *findings, const char *check, const struct ssa_error *found)
{
    struct finding *finding = add(findings, check, SSA_HEALTH_WARNING);
    if (finding == NULL)
        return;
    finding->found = *found;
    finding->found.code = SSA_OK;
}

void finding_skipped(struct findings *findings, const char *check, const char *after)
{
    struct finding *finding = add(findings, check, SSA_HEALTH_SKIPPED);
    if (finding == NULL)
        return;
    finding->after = after;
    error_set(&finding->found, SSA_OK, NULL, NULL, "not examined: \"%s\" must be right before", after);
}

void finding_left_out(struct findings *findings, const char *check, enum ssa_reason reason, const char *detail,
                      const char *what, ...)
{
    struct finding *finding = add(findings, check, SSA_HEALTH_SKIPPED);
    va_list args;
    if (finding == NULL)
        return;
    va_start(args, what);
    take_text(finding, NULL, what, args);
    va_end(args);
    error_reason(&finding->found, reason, "%s", detail != NULL ? detail : "");
}

void finding_row(struct findings *findings, const char *kind, const char *name, const char *value, const char *where)
{
    struct finding *finding = add(findings, kind, SSA_HEALTH_OK);
    if (finding == NULL)
        return;
    // What is cut says so.
    const bool fits = strlen(value) < sizeof finding->found.what;
    const int most = (int)sizeof finding->found.what - (int)sizeof "…";
    error_set(&finding->found, SSA_OK, where, name, "%.*s%s", fits ? INT_MAX : most, value, fits ? "" : "…");
}

enum ssa_health findings_of(const struct findings *findings, const char *check)
{
    static const unsigned weights[] = {
        [SSA_HEALTH_SKIPPED] = 0, [SSA_HEALTH_OK] = 1, [SSA_HEALTH_WARNING] = 2, [SSA_HEALTH_FAILURE] = 3};
    enum ssa_health worst = SSA_HEALTH_SKIPPED;
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        if (strcmp(finding->check, check) == 0 && weights[finding->health] > weights[worst])
            worst = finding->health;
    }
    return worst;
}

bool findings_passed(const struct findings *findings, const char *check)
{
    const enum ssa_health health = findings_of(findings, check);
    return health == SSA_HEALTH_OK || health == SSA_HEALTH_WARNING;
}
