// uri_parse: no PIN and no command gets through, none is repeated in a message, and what was read can be
// written.
#include "fuzz.h"

#include "hsm/uri/uri.h"

static void check_parsed(const struct uri *uri)
{
    const struct uri_parts parts = {
        .module_path = uri_module_path(uri), .module_name = uri_module_name(uri), .pin_source = uri_pin_source(uri)};
    char text[URI_TEXT_MAX], token[URI_TEXT_MAX];
    struct ssa_error err = {0};
    CHECK(parts.pin_source == NULL || parts.pin_source[0] != '|');
    (void)uri_names_object(uri);
    uri_token_text(uri, token);
    CHECK(memchr(token, '\0', sizeof token) != NULL);
    if (!uri_write(&parts, text, &err)) {
        fuzz_check_error(&err, SSA_UNEXPECTED);
        return;
    }
    struct uri *again = NULL;
    CHECK(uri_parse(text, &again, &err));
    const char *const before[] = {parts.module_path, parts.module_name, parts.pin_source};
    const char *const after[] = {uri_module_path(again), uri_module_name(again), uri_pin_source(again)};
    for (size_t i = 0; i < 3; i++)
        CHECK(before[i] == NULL || before[i][0] == '\0' || (after[i] != NULL && strcmp(before[i], after[i]) == 0));
    uri_free(&again);
}

// Digits behind the first pin-value are not in the message.
static void check_message(const char *text, const struct ssa_error *err)
{
    enum { PIN_LENGTH = 6 };
    char message[4096], pin[PIN_LENGTH + 1] = "";
    const char *value = strstr(text, "pin-value=");
    fuzz_check_error(err, SSA_CONFIG);
    ssa_error_text(err, message, sizeof message);
    if (value == NULL || strspn(value + strlen("pin-value="), "0123456789") < PIN_LENGTH)
        return;
    memcpy(pin, value + strlen("pin-value="), PIN_LENGTH);
    CHECK(strstr(message, pin) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct uri *uri = NULL;
    struct ssa_error err = {0};
    if (uri_parse(text, &uri, &err)) {
        CHECK(uri != NULL);
        check_parsed(uri);
    } else {
        CHECK(uri == NULL);
        check_message(text, &err);
    }
    uri_free(&uri);
    free(text);
    return 0;
}
