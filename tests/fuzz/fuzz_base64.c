// Base64 both ways: what is decoded is what OpenSSL would encode to the same text.
#include "fuzz.h"

#include <openssl/evp.h>

#include "core/base64.h"

// base64url without padding, by OpenSSL.
static void check_url(const uint8_t *bytes, size_t len, const char *standard, size_t characters)
{
    while (characters > 0 && standard[characters - 1] == '=')
        characters--;
    CHECK(BASE64URL_LENGTH(len) == characters);
    struct secret out = fuzz_secret("", 0, characters);
    CHECK(base64url_append(&out, span_of(bytes, len)));
    CHECK(out.len == characters);
    for (size_t i = 0; i < characters; i++)
        CHECK(out.data[i] == (standard[i] == '+' ? '-' : standard[i] == '/' ? '_' : standard[i]));
    if (characters > 0) {
        out.len = 0;
        out.capacity--;
        CHECK(!base64url_append(&out, span_of(bytes, len)));
    }
    fuzz_secret_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *text = malloc(size);
    char *encoded = malloc(size / 3 * 4 + 8);
    CHECK((text != NULL || size == 0) && encoded != NULL);
    (void)EVP_EncodeBlock((unsigned char *)encoded, data, (int)size);
    check_url(data, size, encoded, strlen(encoded));
    if (size > 0)
        memcpy(text, data, size);
    const size_t got = base64_decode_in_place(text, size);
    if (got != SIZE_MAX) {
        CHECK(got <= size / 4 * 3);
        (void)EVP_EncodeBlock((unsigned char *)encoded, text, (int)got);
        size_t at = 0;
        for (size_t i = 0; i < size; i++)
            if (memchr(" \t\r\n", data[i], 4) == NULL)
                CHECK(data[i] == (uint8_t)encoded[at++]);
        CHECK(encoded[at] == '\0');
    }
    for (size_t i = got == SIZE_MAX ? 0 : got; i < size; i++)
        CHECK(text[i] == 0);
    free(text);
    free(encoded);
    return 0;
}
