#include "agent/http/audit_line.h"

#include "core/json.h"
#include "core/text.h"
#include "core/timestamp.h"

// The texts, in the order of the line.
enum text { TEXT_WHAT, TEXT_EXECUTABLE, TEXT_CALLER, TEXT_SAN, TEXT_PROFILE, TEXT_SCOPE, TEXT_OUTCOME, TEXTS };

static const char *const names[TEXTS] = {"event", "executable", "caller", "san", "profile", "scope", "outcome"};

static void put_text(struct writer *w, const char *text)
{
    const char *there = text == NULL ? "" : text;
    put_bytes(w, span_of(there, strnlen(there, AUDIT_TEXT_MAX)));
}

bool audit_put(struct writer *w, const struct audit_event *event, time_t at)
{
    const size_t before = w->len;
    put_number(w, (uint64_t)at);
    put_number(w, event->has_peer);
    put_number(w, event->uid);
    put_number(w, (uint64_t)event->pid);
    put_number(w, (uint64_t)(event->took_us < 0 ? 0 : event->took_us));
    put_text(w, event->what);
    put_text(w, event->executable);
    put_text(w, event->caller);
    put_text(w, event->san);
    put_text(w, event->profile);
    put_text(w, event->scope);
    put_text(w, event->outcome);
    if (!w->overflow)
        return true;
    w->overflow = false;
    w->len = before;
    return false;
}

static void member_number(struct json_writer *w, const char *name, uint64_t value)
{
    json_name(w, name);
    json_integer(w, (long long)value);
}

// Names of files and people can have any bytes.
static OWN_FRAME void member_foreign(struct json_writer *w, const char *name, struct span text)
{
    char harmless[AUDIT_TEXT_MAX + 1];
    if (text.len == 0)
        return;
    text_harmless(harmless, sizeof harmless, text);
    member_text(w, name, harmless);
}

static bool begin(struct json_writer *w, struct secret *out, time_t at)
{
    if (!json_begin(w, out, false))
        return false;
    json_open(w, JSON_OBJECT);
    member_time(w, "time", true, at);
    return true;
}

static bool end(struct json_writer *w, struct secret *out, size_t before)
{
    json_close(w, JSON_OBJECT);
    if (json_end(w, ERROR_IGNORED) && secret_append(out, span_of("\n", 1)))
        return true;
    out->len = before;
    return false;
}

bool audit_get_line(struct reader *r, struct secret *out)
{
    const size_t before = out->len;
    const time_t at = (time_t)get_number(r, INT64_MAX);
    const bool has_peer = get_number(r, 1) != 0;
    const uint64_t uid = get_number(r, UINT32_MAX), pid = get_number(r, INT32_MAX);
    const uint64_t took_us = get_number(r, INT64_MAX);
    struct span texts[TEXTS];
    struct json_writer w;
    for (int i = 0; i < TEXTS; i++)
        texts[i] = get_bytes(r, AUDIT_TEXT_MAX);
    if (r->bad || !begin(&w, out, at))
        return false;
    member_foreign(&w, names[TEXT_WHAT], texts[TEXT_WHAT]);
    if (has_peer) {
        member_number(&w, "uid", uid);
        member_number(&w, "pid", pid);
    }
    for (int i = TEXT_EXECUTABLE; i < TEXTS; i++)
        member_foreign(&w, names[i], texts[i]);
    member_number(&w, "took_us", took_us);
    return end(&w, out, before);
}

bool audit_lost_line(unsigned long long lost, time_t at, struct secret *out)
{
    const size_t before = out->len;
    struct json_writer w;
    if (!begin(&w, out, at))
        return false;
    member_text(&w, "event", "lost");
    member_number(&w, "lines", lost);
    return end(&w, out, before);
}
