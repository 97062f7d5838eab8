#include "hsm/remote/call.h"

void call_begin(struct call *call, struct remote *c, enum call_number number)
{
    *call = (struct call){.connection = c, .request = remote_begin(c, number)};
}

CK_RV call_ask_for(struct call *call, enum pace pace)
{
    return remote_ask(call->connection, &call->request, remote_patience(call->connection, pace), &call->answer);
}

CK_RV call_ask(struct call *call)
{
    return call_ask_for(call, USUAL);
}

CK_RV call_end(struct call *call, CK_RV rv)
{
    if (rv == CKR_OK && !reader_is_done(&call->answer))
        rv = remote_nonsense(call->connection);
    remote_end(call->connection);
    return rv;
}

CK_RV call_ask_and_end(struct call *call)
{
    return call_end(call, call_ask(call));
}

CK_RV call_for_handle(struct call *call, CK_ULONG *handle)
{
    const CK_RV rv = call_ask(call);
    *handle = get_number(&call->answer, ANY);
    return call_end(call, rv);
}

CK_RV call_about_session(struct remote *c, enum call_number number, CK_SESSION_HANDLE session)
{
    struct call call;
    call_begin(&call, c, number);
    put_number(&call.request, session);
    return call_ask_and_end(&call);
}

CK_ULONG call_get_list(struct reader *r, CK_ULONG *list, CK_ULONG most)
{
    const struct span bytes = get_bytes(r, most * sizeof *list);
    r->bad = r->bad || bytes.len % sizeof *list != 0;
    if (r->bad || list == NULL || bytes.len == 0)
        return 0;
    memcpy(list, bytes.data, bytes.len);
    return bytes.len / sizeof *list;
}
