// The end of the host once its program is gone: at once, whatever the module is doing, but for a call that overwrites
// what is on the PKCS#11 token. SoftHSM empties a file before it writes it anew: whoever ends it between the two
// destroys the token in a login, and the key where an attribute changes.
#pragma once

// Around such a call, which has a second to come to its own end.
void ending_hold(void);
void ending_release(void);

_Noreturn void ending_now(void);
