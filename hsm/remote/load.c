#include "hsm/remote/load.h"

#include <string.h>

#include "hsm/remote/exchange.h"

void call_load_begin(struct remote *c, const char *path)
{
    struct writer request = remote_begin(c, CALL_LOAD);
    put_bytes(&request, span_text(path));
    // Where it fails, the answer does, too.
    (void)remote_send(c, &request);
    remote_end(c);
}

CK_RV call_load_end(struct remote *c, enum load_stage *stage, char told[static PATH_BYTES_MAX + 1])
{
    struct reader answer;
    (void)remote_begin(c, CALL_LOAD);
    CK_RV rv = remote_answer(c, remote_patience(c, USUAL), &answer);
    *stage = (enum load_stage)get_number(&answer, LOAD_STAGES - 1);
    const struct span text = get_bytes(&answer, PATH_BYTES_MAX);
    told[text.len] = '\0';
    if (text.len > 0)
        memcpy(told, text.data, text.len);
    // A host that is gone has told no stage.
    if (!reader_is_done(&answer))
        *stage = LOAD_ASKED;
    if (rv == CKR_OK && !reader_is_done(&answer))
        rv = remote_nonsense(c);
    remote_end(c);
    return rv;
}
