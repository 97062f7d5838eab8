// A public key's short name.
#include "core/fingerprint.h"

#include <openssl/evp.h>

#include "core/text.h"

void fingerprint(struct span modulus, char out[static FINGERPRINT_TEXT])
{
    enum { BYTES = (FINGERPRINT_TEXT - 1) / 2 };
    unsigned char digest[BYTES];
    out[0] = '\0';
    if (EVP_Digest(modulus.data, modulus.len, digest, NULL, EVP_sha256(), NULL) == 1)
        text_hex(out, span_of(digest, BYTES));
}
