// libgnutls comes with libcurl, for protocols that the program does not speak. It would start itself when it is loaded,
// which takes as long as to make a TLS connection. It asks this function first (GNUTLS_SKIP_GLOBAL_INIT), which the
// dynamic linker finds in the program before its own. Whoever uses it starts it: gnutls_global_init.
#include <gnutls/gnutls.h>

#pragma GCC visibility push(default)
GNUTLS_SKIP_GLOBAL_INIT
#pragma GCC visibility pop
