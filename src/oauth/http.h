// One HTTP request and its answer, through libcurl. Whether it is sent again, call.h decides.
#pragma once

#include <time.h>

#include "core/secret.h"
#include "oauth/ca.h"
#include "oauth/libcurl.h"

#define HTTP_CONNECT_SECONDS 10
#define HTTP_ANSWER_SECONDS  30

// The bytes of all headers of an answer, with those of a proxy, of a 1xx and after the body.
#define HTTP_HEADERS_MAX 65536U

// Seconds. A longer time is cut to this.
#define HTTP_RETRY_AFTER_MAX 999999999LL

// All borrowed until the transfer has ended.
struct http_request {
    const char *method; // GET, POST, PATCH or DELETE
    const char *url;
    const char *authorization;  // a whole header line, which is read after gate; NULL for none
    const char *const *headers; // further header lines, a list that ends with NULL; NULL for none
    const char *bearer;         // an access token (RFC 6750 section 2.1); NULL for none
    const char *content_type;   // of the body; NULL for none
    struct span body;           // its length is fixed before gate, its bytes are read after it
    bool plain;                 // http to this machine, without any proxy
    const struct ca *ca;
    const char *client_cert; // files in PEM, for a server that asks for a certificate of the client; NULL for none
    const char *client_key;  // NULL: the key is in client_cert
    bool send_once;          // never sent a second time, even if libcurl would after a broken connection
    long long left_ms;       // for all of it; with a gate, counted again from when it opens
    // Called after connecting, before anything is sent. It may wait. Returns false to give up. May be NULL.
    bool (*gate)(void *context);
    // Called again and again. Returns true to give up. May be NULL.
    bool (*stop)(void *context, bool sent);
    // Called whenever it is about to wait for the network. May be NULL.
    void (*idle)(void *context);
    void *context;
};

// Whether we ended the transfer, and why.
enum http_end {
    HTTP_RAN,        // we did not; code tells the result
    HTTP_SHUT,       // the gate stayed shut
    HTTP_STOPPED,    // stop said so
    HTTP_NO_ANSWER,  // HTTP_ANSWER_SECONDS are over
    HTTP_NO_TIME,    // left_ms are over
    HTTP_TOO_LONG,   // the body is longer than the buffer
    HTTP_TOO_MANY,   // HTTP_HEADERS_MAX
    HTTP_NOT_RESENT, // send_once: the connection broke after sending
};

// A connection, which several requests use one after another.
struct http_handle {
    CURL *easy;
    CURLM *multi; // keeps the connection
};

// Makes one. NULL on failure.
struct http_handle *http_handle_new(struct ssa_error *err) MUST_CHECK;

// Closes the connection. handle may be NULL.
void http_handle_free(struct http_handle *handle);

struct http_response {
    CURLcode code;
    enum http_end end;
    bool sent;                  // the request may have left this machine
    bool found, met, secured;   // without an answer: the name was resolved, a connection made, TLS agreed upon
    long status;                // 0 before there is one
    long proxy_status;          // of a proxy's answer to CONNECT; 0 for none
    char proxy_logins[64];      // the kinds of login that a proxy with status 407 offers: "Basic, NTLM"
    time_t date;                // of the server, up to the year 9999; 0 for none
    long long age;              // seconds since date, for which a cache has kept the answer
    long long retry_after;      // seconds, up to HTTP_RETRY_AFTER_MAX; -1 for none
    long limit;                 // requests a minute that this endpoint takes, as announced; 0 for none
    long remaining;             // of them, as announced; -1 for none
    char location[256];         // without query; "" for none; not masked
    char text[CURL_ERROR_SIZE]; // libcurl's message, not masked
    struct secret body;
};

// Sends request on handle and waits for the end. answer->body is the caller's buffer, which is cleared first. The rest
// of *answer tells the result. Fails only if nothing could be tried.
bool http_send(struct http_handle *handle, const struct http_request *request, struct http_response *answer,
               struct ssa_error *err) MUST_CHECK;

// Appends text with all but the unreserved characters escaped, for a part of a URL. Returns false if it does not fit.
bool http_append_escaped(struct secret *url, const char *text) MUST_CHECK;

// Appends "name=value", escaped, to the body of a form, and a "&" before it if the body is not empty. Returns false if
// it does not fit.
bool http_form_append(struct secret *form, const char *name, const char *value) MUST_CHECK;
#define HTTP_FORM_TYPE "application/x-www-form-urlencoded"

void http_response_free(struct http_response *answer);
#define HTTP_RESPONSE_AUTO __attribute__((cleanup(http_response_free))) struct http_response
