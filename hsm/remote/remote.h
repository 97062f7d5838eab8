// A PKCS#11 module in a process of its own: the host that has it loaded is started, asked, and ended. For hsm
// alone.
#pragma once

#include "core/error.h"
#include "hsm/cryptoki/cryptoki.h"
#include "hsm/remote/hosting.h"

// What comes in place of the module's own CK_RV where there is none.
#define CKR_HOST_GONE        (CKR_VENDOR_DEFINED | 0x53534101UL) // the module crashed, or ended its process
#define CKR_HOST_LATE        (CKR_VENDOR_DEFINED | 0x53534102UL) // it did not answer in time
#define CKR_HOST_INTERRUPTED (CKR_VENDOR_DEFINED | 0x53534103UL) // the person wants to stop
#define CKR_HOST_NONSENSE    (CKR_VENDOR_DEFINED | 0x53534104UL) // its answer cannot be read

struct remote;

// Makes a connection to the module at path, which is borrowed, too. Its host is not started yet. NULL with err
// filled where there is no memory.
struct remote *remote_new(const char *path, const struct hosting *hosting, struct ssa_error *err) MUST_CHECK;

// Starts the host, unless it is running. Does not wait for it. Fails with SSA_UNEXPECTED.
bool remote_start(struct remote *c, struct ssa_error *err) MUST_CHECK;

// Ends the host, whatever it does. The next remote_start starts another.
void remote_stop(struct remote *c);

// Does that, and frees the connection.
void remote_free(struct remote **c);

// Frees the connection, whose host ends by itself (retired.h).
void remote_retire(struct remote **c);

// CKR_OK while the host runs, else why it does not: one of the above.
CK_RV remote_over(const struct remote *c);

// After CKR_HOST_LATE: another start may be tried, as after CKR_HOST_GONE.
void remote_forgive(struct remote *c);

// From now on the person's wish to stop ends no call: what was begun is undone.
void remote_go_on(struct remote *c);

// Names the PKCS#11 token that the calls are about, for people who wait for it.
void remote_is_for(struct remote *c, const char *label);

// Calls waiting once where the next call takes longer than a second. waiting NULL: nobody is called any more.
typedef void remote_waiting(void *context);
void remote_on_waiting(struct remote *c, remote_waiting *waiting, void *context);

// After CKR_FUNCTION_NOT_SUPPORTED: the name of the function that the module leaves out and that was called
// last. It is told once. NULL where the module itself gave that answer.
const char *remote_left_out(struct remote *c);

// Where rv is one of those above, fills err with what the host or its module did; false for any other.
bool remote_explain(const struct remote *c, CK_RV rv, struct ssa_error *err);
