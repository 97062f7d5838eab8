// What a person can do about an error.
#include "cli/advice.h"

#include <string.h>

#include "cli/advice/table.h"
#include "core/text.h"

static const struct advice *const tables[] = {
    advice_accounts,
    advice_aps,
    advice_config,
    advice_core,
    advice_hsm,
    advice_journal,
    advice_manage,
    advice_oauth,
    advice_pin,
    advice_secret,
    advice_signer,
};

const char *advice_about(enum ssa_reason reason)
{
    if (reason == SSA_REASON_NONE)
        return NULL;
    for (size_t i = 0; i < COUNT(tables); i++)
        for (const struct advice *row = tables[i]; row->text != NULL; row++)
            if (row->reason == reason)
                return row->text;
    return NULL;
}

// What stands for the name at text, and how long the name is; NULL where there is none.
static const char *place_of(const char *text, const char *subject, const char *detail, size_t *len)
{
    static const char of_subject[] = "{subject}", of_detail[] = "{detail}";
    if (strncmp(text, of_subject, *len = sizeof of_subject - 1) == 0)
        return subject;
    if (strncmp(text, of_detail, *len = sizeof of_detail - 1) == 0)
        return detail;
    return NULL;
}

bool advice_text(enum ssa_reason reason, const char *subject, const char *detail, char *out, size_t capacity)
{
    const char *text = advice_about(reason);
    size_t used = 0;
    out[0] = '\0';
    while (text != NULL && *text != '\0') {
        size_t read = 0;
        const char *put = place_of(text, subject, detail, &read);
        const size_t len = put != NULL ? strlen(put) : 1;
        if (used + len >= capacity)
            return false;
        memcpy(out + used, put != NULL ? put : text, len);
        used += len;
        text += put != NULL ? read : 1;
        out[used] = '\0';
    }
    return true;
}
