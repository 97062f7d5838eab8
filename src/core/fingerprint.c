#include "core/fingerprint.h"

#include <openssl/evp.h>

#include "core/text.h"

void fingerprint(struct span bytes, char out[static FINGERPRINT_TEXT])
{
    enum { DIGEST_LEN = (FINGERPRINT_TEXT - 1) / 2 };
    unsigned char digest[DIGEST_LEN];
    out[0] = '\0';
    if (EVP_Digest(bytes.data, bytes.len, digest, NULL, EVP_sha256(), NULL) == 1)
        text_hex(out, span_of(digest, DIGEST_LEN));
}
