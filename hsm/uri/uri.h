// PKCS#11 URIs (RFC 7512): read by our policy, matched, written.
#pragma once

#include "core/error.h"
#include "core/span.h"

#define URI_TEXT_MAX 4096U

struct uri;

// Reads a URI. A blank inside a value belongs to it; other white space is skipped. Fails with SSA_CONFIG where the URI
// is malformed, has an attribute that is unknown (it would match nothing), holds a PIN (pin-value), or has a command as
// its pin-source. The caller frees *uri.
bool uri_parse(const char *text, struct uri **uri, struct ssa_error *err) MUST_CHECK;

// Makes the URI of a token with this label, which may have any characters. Fails with SSA_CONFIG where the label is
// empty or too long for a token.
bool uri_of_label(const char *label, struct uri **uri, struct ssa_error *err) MUST_CHECK;

void uri_free(struct uri **uri);
#define URI_AUTO __attribute__((cleanup(uri_free))) struct uri

// The query attributes, borrowed, or NULL.
const char *uri_module_path(const struct uri *uri);
const char *uri_module_name(const struct uri *uri);
const char *uri_pin_source(const struct uri *uri);

// Whether it names an object (by id or object) and not a token alone.
bool uri_names_object(const struct uri *uri);

// Whether it names a token, its slot or a module: a URI that names none of them matches any token.
bool uri_names_place(const struct uri *uri);

// Whether it names a token or its slot.
bool uri_names_token(const struct uri *uri);

// The token's and the slot's part of it, for messages; empty where it names none or does not fit.
void uri_token_text(const struct uri *uri, char out[static URI_TEXT_MAX]);

// The label of the token that it names, which is harmless to print; empty where it names none.
#define TOKEN_LABEL_TEXT 128U
void uri_label_text(const struct uri *uri, char out[static TOKEN_LABEL_TEXT]);

// Label and serial number of a token, as it tells them. The padding is kept, since another module compares it, too.
struct token_name {
    uint8_t label[32], serial[16];
};

// The attributes by which a URI names a token.
enum named_by { BY_LABEL = 1, BY_SERIAL = 2, BY_MODEL = 4, BY_MANUFACTURER = 8, BY_SLOT = 16 };

// How a token is told from the other tokens that its module shows.
struct token_apart {
    unsigned by;        // bits of named_by; 0: nothing tells it apart
    bool serial_is_one; // the serial number is a real one, and no other token there has it
    uint8_t model[16], manufacturer[32];
    unsigned long slot;
};

// The parts of a URI to be written. NULL and empty are left out.
struct uri_parts {
    const struct token_name *token;
    const struct token_apart *apart; // NULL: by label and serial number
    struct span object, id;
    bool private_key, data; // type=private, type=data
    const char *module_path, *module_name;
    const char *pin_source;
};

// Writes the URI, at most URI_TEXT_MAX bytes with the NUL. Fails with SSA_UNEXPECTED when it does not fit.
bool uri_write(const struct uri_parts *parts, char out[static URI_TEXT_MAX], struct ssa_error *err) MUST_CHECK;
