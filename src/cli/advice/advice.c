// What a person can do about an error.
#include "cli/advice/advice.h"

#include <string.h>

#include "cli/advice/table.h"
#include "core/text.h"

static const struct advice *const tables[] = {
    advice_accounts, advice_aps,   advice_config, advice_core,   advice_hsm,    advice_journal,
    advice_manage,   advice_oauth, advice_pin,    advice_secret, advice_signer,
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

// What is put for the place that text begins with, and how long the place is; NULL where it begins with none.
static const char *value_of_place(const char *text, const char *subject, const char *detail, size_t *len)
{
    static const char of_subject[] = "{subject}", of_detail[] = "{detail}";
    if (strncmp(text, of_subject, *len = sizeof of_subject - 1) == 0)
        return subject;
    if (strncmp(text, of_detail, *len = sizeof of_detail - 1) == 0)
        return detail;
    return NULL;
}

void advice_text(enum ssa_reason reason, const char *subject, const char *detail, char out[static ADVICE_TEXT_MAX])
{
    const char *text = advice_about(reason);
    size_t used = 0;
    while (text != NULL && *text != '\0') {
        size_t read = 0;
        const char *value = value_of_place(text, subject, detail, &read);
        const size_t len = value != NULL ? strlen(value) : 1;
        if (used + len >= ADVICE_TEXT_MAX)
            break;
        memcpy(out + used, value != NULL ? value : text, len);
        used += len;
        text += value != NULL ? read : 1;
    }
    out[used] = '\0';
}
