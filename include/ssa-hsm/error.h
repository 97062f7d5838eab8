// Errors of libssa-hsm.
#ifndef SSA_HSM_ERROR_H
#define SSA_HSM_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "reason.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// The kind of a failure. The value is the program's exit code, except where struct ssa_ending tells more (12 and 13).
enum ssa_class {
    SSA_OK = 0,
    SSA_UNEXPECTED = 1,  // any failure that is not listed here
    SSA_USAGE = 2,       // the command line is wrong
    SSA_CONFIG = 3,      // a setting, a profile or a file is wrong
    SSA_ABSENT = 4,      // the module or the PKCS#11 token is not there
    SSA_PIN = 5,         // the PIN is wrong, locked or not available
    SSA_KEY_MISSING = 6, // the key is not on the PKCS#11 token
    SSA_TOKEN = 7,       // the PKCS#11 token failed
    SSA_NETWORK = 8,     // the network, TLS or the server failed, or the answer is unusable
    SSA_CREDENTIALS = 9, // the client id or secret was refused
    SSA_REFUSED = 10,    // the API refused the request
    SSA_RATE_LIMIT = 11, // the time for waiting was too short for the API's rate limit
    SSA_IN_USE = 14,     // the name of a new profile, account, object or slot is in use, and was not to be replaced
    SSA_DECLINED = 15,   // a person did not confirm, or there was nobody to ask
};

// The kind of an error's number.
enum ssa_domain {
    SSA_DOMAIN_NONE,
    SSA_DOMAIN_ERRNO,
    SSA_DOMAIN_PKCS11, // a CK_RV
    SSA_DOMAIN_CURL,   // a CURLcode
    SSA_DOMAIN_HTTP,   // a status code
};

#define SSA_ERROR_TEXT_MAX 1024

// Every function that fails fills this. All text ends with a NUL and cannot harm a terminal.
struct ssa_error {
    enum ssa_class code;
    enum ssa_reason reason;
    enum ssa_domain domain;
    unsigned long number; // 0 if there is none
    char what[512];       // the failure and its cause as a sentence
    char cause[64];       // the number's name: CKR_PIN_INCORRECT, CURLE_COULDNT_CONNECT, HTTP 403; may be empty
    char subject[512];    // the PKCS#11 token, host or file that the error is about; may be empty
    char detail[512];     // a name that belongs to the reason, such as a file or an id; may be empty
    char hint[SSA_ERROR_TEXT_MAX]; // what to do next; may be empty
};

// Writes "subject: what (cause)" to out, and the hint on a second line. out has capacity bytes and always ends with a
// NUL.
void ssa_error_text(const struct ssa_error *err, char *out, size_t capacity);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
