#include "agent/link/texts.h"

#include <limits.h>

#include "core/text.h"

void put_text(struct writer *w, const char *text)
{
    put_bytes(w, span_text(text));
}

void get_text(struct reader *r, char *out, size_t capacity)
{
    const struct span text = get_bytes(r, capacity - 1);
    text_harmless(out, capacity, text);
    if (!span_is(text, out))
        r->bad = true;
}

void put_error(struct writer *w, const struct ssa_error *err)
{
    put_number(w, err->code);
    put_number(w, err->reason);
    put_number(w, err->domain);
    put_number(w, err->number);
    put_text(w, err->what);
    put_text(w, err->cause);
    put_text(w, err->subject);
    put_text(w, err->detail);
    put_text(w, err->hint);
}

void get_error(struct reader *r, struct ssa_error *err)
{
    err->code = (enum ssa_class)get_number(r, SSA_DECLINED);
    err->reason = (enum ssa_reason)get_number(r, SSA_REASON_COUNT - 1);
    err->domain = (enum ssa_domain)get_number(r, SSA_DOMAIN_HTTP);
    err->number = get_number(r, ULONG_MAX);
    get_text(r, err->what, sizeof err->what);
    get_text(r, err->cause, sizeof err->cause);
    get_text(r, err->subject, sizeof err->subject);
    get_text(r, err->detail, sizeof err->detail);
    get_text(r, err->hint, sizeof err->hint);
    if (err->code == SSA_OK)
        r->bad = true;
}
