// libcurl's verbose mode is never used, because it prints headers.
#include "oauth/http.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "core/monotonic.h"
#include "core/text.h"
#include "oauth/http_head.h"
#include "oauth/libcurl_wipe.h"

struct transfer {
    const struct http_request *request;
    struct http_response *answer;
    CURL *handle;
    CURLcode code; // of the first option that was refused
    struct curl_slist *headers;
    struct curl_slist authorization; // put before headers; the caller owns its text
    long long end_ms;                // the end of left_ms
    long long answer_ms;             // the answer must come before this; 0 before the request is sent
    size_t header_bytes;
};

static void transfer_end(struct transfer *t)
{
    libcurl.slist_free_all(t->headers);
    // A reset keeps the connection, but forgets the options. They point to the caller's secrets or are copies of them.
    libcurl.easy_reset(t->handle);
}

// The type of the value is checked by the header's macro, which is not evaluated.
#define SET(t, option, value)                                                                                          \
    do {                                                                                                               \
        (void)sizeof(curl_easy_setopt((t)->handle, option, value));                                                    \
        if ((t)->code == CURLE_OK)                                                                                     \
            (t)->code = libcurl.easy_setopt((t)->handle, option, value);                                               \
    } while (0)

static void add_header(struct transfer *t, const char *header)
{
    struct curl_slist *longer = t->code == CURLE_OK ? libcurl.slist_append(t->headers, header) : NULL;
    if (longer == NULL)
        t->code = t->code == CURLE_OK ? CURLE_OUT_OF_MEMORY : t->code;
    else
        t->headers = longer;
}

static int abort_request(struct transfer *t, enum http_end why)
{
    t->answer->end = why;
    return CURL_PREREQFUNC_ABORT;
}

// The header may become known only now, after connecting. libcurl reads its list of headers when it writes the request.
// Its own option (CURLOPT_PASSWORD) is not used, because it would copy the secret, and needs it before connecting.
static bool set_authorization(struct transfer *t)
{
    if (t->request->authorization == NULL)
        return true;
    t->authorization = (struct curl_slist){.data = (char *)(uintptr_t)t->request->authorization, .next = t->headers};
    return libcurl.easy_setopt(t->handle, CURLOPT_HTTPHEADER, &t->authorization) == CURLE_OK;
}

// libcurl calls this (CURLOPT_PREREQFUNCTION) after connecting, with TLS, and before it sends the request. A second
// call for the same request means that the connection broke, and that libcurl is about to send the request again.
static int before_request(void *context, char *ip, char *local_ip, int port, int local_port)
{
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    struct transfer *t = context;
    if (t->answer->sent && t->request->send_once)
        return abort_request(t, HTTP_NOT_RESENT);
    if (t->request->gate != NULL) {
        if (!t->request->gate(t->request->context))
            return abort_request(t, HTTP_SHUT);
        t->end_ms = monotonic_ms() + t->request->left_ms;
    }
    if (!set_authorization(t))
        return abort_request(t, HTTP_SHUT);
    t->answer->sent = true;
    t->answer_ms = monotonic_ms() + HTTP_ANSWER_SECONDS * 1000LL;
    return CURL_PREREQFUNC_OK;
}

static int progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    (void)total, (void)now, (void)up_total, (void)up_now;
    struct transfer *t = context;
    struct http_response *answer = t->answer;
    const long long at = monotonic_ms();
    if (answer->end != HTTP_RAN)
        return 1;
    if (t->request->stop != NULL && t->request->stop(t->request->context, answer->sent))
        answer->end = HTTP_STOPPED;
    else if (at >= t->end_ms)
        answer->end = HTTP_NO_TIME;
    else if (t->answer_ms != 0 && at >= t->answer_ms)
        answer->end = HTTP_NO_ANSWER;
    return answer->end == HTTP_RAN ? 0 : 1;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    const size_t len = size * count;
    if (secret_append(&t->answer->body, span_of(data, len)))
        return len;
    t->answer->end = HTTP_TOO_LONG;
    return CURL_WRITEFUNC_ERROR;
}

// libcurl keeps every header. Headers after a chunked body could go on for ever.
static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    struct transfer *t = context;
    const size_t len = size * count;
    t->header_bytes += len;
    if (t->header_bytes <= HTTP_HEADERS_MAX)
        return len;
    t->answer->end = HTTP_TOO_MANY;
    return CURL_WRITEFUNC_ERROR;
}

// They are read when the server asks for them.
static void set_client_cert(struct transfer *t)
{
    const struct http_request *request = t->request;
    if (request->client_cert == NULL)
        return;
    SET(t, CURLOPT_SSLCERT, request->client_cert);
    SET(t, CURLOPT_SSLKEY, request->client_key != NULL ? request->client_key : request->client_cert);
}

static void set_safety(struct transfer *t)
{
    const struct http_request *request = t->request;
    SET(t, CURLOPT_PROTOCOLS_STR, request->plain ? "http" : "https");
    SET(t, CURLOPT_FOLLOWLOCATION, 0L);
    SET(t, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); // credentials are not for a proxy
    SET(t, CURLOPT_PATH_AS_IS, 1L); // ".." must not turn the deletion of a key into that of its account
    SET(t, CURLOPT_NOSIGNAL, 1L);
    SET(t, CURLOPT_QUICK_EXIT, 1L); // a name server that hangs must not outlast the deadline
    // HTTP/2 leaves copies of the private key in its buffers, HTTP/1.1 does not. ALPN offers only this version, too.
    SET(t, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(t, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(t, CURLOPT_SSL_VERIFYHOST, 2L);
    if (libcurl_wipes_memory() && t->code == CURLE_OK)
        libcurl_cleanse(t->handle);
    // NULL unsets libcurl's default, so that only what ca.h chose counts.
    const char *file = request->ca->file[0] == '\0' ? NULL : request->ca->file;
    const char *path = request->ca->path[0] == '\0' ? NULL : request->ca->path;
    if (!request->plain) {
        SET(t, CURLOPT_CAINFO, file);
        SET(t, CURLOPT_CAPATH, path);
        SET(t, CURLOPT_PROXY_CAINFO, file);
        SET(t, CURLOPT_PROXY_CAPATH, path);
        set_client_cert(t);
    } else {
        SET(t, CURLOPT_PROXY, "");
    }
}

static void set_deadlines(struct transfer *t)
{
    const long long connect_ms = HTTP_CONNECT_SECONDS * 1000LL, left = t->request->left_ms;
    SET(t, CURLOPT_CONNECTTIMEOUT_MS, (long)(left < connect_ms ? left : connect_ms));
    SET(t, CURLOPT_NOPROGRESS, 0L);
    SET(t, CURLOPT_XFERINFOFUNCTION, progress);
    SET(t, CURLOPT_XFERINFODATA, t);
    SET(t, CURLOPT_PREREQFUNCTION, before_request);
    SET(t, CURLOPT_PREREQDATA, t);
    // The server may close a connection that was idle for longer, just while we send.
    if (t->request->send_once)
        SET(t, CURLOPT_MAXAGE_CONN, 5L);
}

static void set_request(struct transfer *t)
{
    const struct http_request *request = t->request;
    SET(t, CURLOPT_URL, request->url);
    SET(t, CURLOPT_USERAGENT, "ssa-hsm/" SSA_HSM_VERSION);
    if (request->bearer != NULL) {
        SET(t, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        SET(t, CURLOPT_XOAUTH2_BEARER, request->bearer);
    }
    add_header(t, "Accept: application/json");
    for (const char *const *header = request->headers; header != NULL && *header != NULL; header++)
        add_header(t, *header);
    const bool patch = strcmp(request->method, "PATCH") == 0;
    if (patch || strcmp(request->method, "POST") == 0) {
        char type[128];
        // "Content-Type:" without a value keeps libcurl from calling an empty body a form.
        if (!text_format(type, sizeof type, "Content-Type:%s%s", request->content_type ? " " : "",
                         request->content_type ? request->content_type : ""))
            t->code = CURLE_BAD_FUNCTION_ARGUMENT;
        add_header(t, type);
        add_header(t, "Expect:"); // a body that waits for a 100 would be sent again after a 417
        // Read from the caller's memory when it is sent, not copied here.
        SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(t, CURLOPT_POSTFIELDS, request->body.data == NULL ? "" : (const char *)request->body.data);
        if (patch)
            SET(t, CURLOPT_CUSTOMREQUEST, request->method);
    } else {
        SET(t, CURLOPT_HTTPGET, 1L);
        SET(t, CURLOPT_CUSTOMREQUEST, request->method);
    }
    SET(t, CURLOPT_HTTPHEADER, t->headers);
}

struct http_handle *http_handle_new(struct ssa_error *err)
{
    if (!libcurl_load(err))
        return NULL;
    struct http_handle *handle = calloc(1, sizeof *handle);
    if (handle != NULL) {
        handle->easy = libcurl.easy_init();
        handle->multi = libcurl.multi_init();
    }
    if (handle != NULL && handle->easy != NULL && handle->multi != NULL)
        return handle;
    http_handle_free(handle);
    error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a connection");
    return NULL;
}

void http_handle_free(struct http_handle *handle)
{
    if (handle == NULL)
        return;
    if (handle->easy != NULL)
        libcurl.easy_cleanup(handle->easy);
    if (handle->multi != NULL)
        (void)libcurl.multi_cleanup(handle->multi);
    free(handle);
}

// Does what easy_perform does. That looks at the deadline, and at a wish to stop, only once a second.
static CURLcode perform(struct http_handle *handle, const struct http_request *request)
{
    enum { LOOK_UP_MS = 100 };
    CURLcode code = CURLE_FAILED_INIT;
    int running = 1, left = 0;
    if (libcurl.multi_add_handle(handle->multi, handle->easy) != CURLM_OK)
        return code;
    while (running > 0 && libcurl.multi_perform(handle->multi, &running) == CURLM_OK) {
        if (running > 0 && request->idle != NULL)
            request->idle(request->context);
        if (running > 0 && libcurl.multi_poll(handle->multi, NULL, 0, LOOK_UP_MS, NULL) != CURLM_OK)
            break;
    }
    for (const CURLMsg *message; (message = libcurl.multi_info_read(handle->multi, &left)) != NULL;)
        if (message->msg == CURLMSG_DONE)
            code = message->data.result;
    (void)libcurl.multi_remove_handle(handle->multi, handle->easy);
    return code;
}

bool http_send(struct http_handle *handle, const struct http_request *request, struct http_response *answer,
               struct ssa_error *err)
{
    secret_clear(&answer->body);
    *answer = (struct http_response){.body = answer->body, .retry_after = -1, .remaining = -1};
    __attribute__((cleanup(transfer_end))) struct transfer t = {
        .request = request, .answer = answer, .handle = handle->easy, .end_ms = monotonic_ms() + request->left_ms};
    libcurl.easy_reset(t.handle);
    SET(&t, CURLOPT_ERRORBUFFER, answer->text);
    set_safety(&t);
    set_deadlines(&t);
    set_request(&t);
    SET(&t, CURLOPT_WRITEFUNCTION, take_body);
    SET(&t, CURLOPT_WRITEDATA, &t);
    SET(&t, CURLOPT_HEADERFUNCTION, take_header);
    SET(&t, CURLOPT_HEADERDATA, &t);
    if (t.code != CURLE_OK)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "libcurl cannot be set up: %s",
                         libcurl.easy_strerror(t.code));
    answer->code = perform(handle, request);
    http_head_read(t.handle, t.answer);
    return true;
}

void http_response_free(struct http_response *answer)
{
    secret_free(&answer->body);
}

// As RFC 3986 section 2.1 has it: all but the unreserved characters.
bool http_append_escaped(struct secret *url, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (const char *at = text; *at != '\0'; at++) {
        const unsigned char byte = (unsigned char)*at;
        const char escaped[] = {'%', digits[byte >> 4], digits[byte & 0xf]};
        const bool plain = strchr(unreserved, *at) != NULL;
        if (!secret_append(url, plain ? span_of(at, 1) : span_of(escaped, sizeof escaped)))
            return false;
    }
    return true;
}

bool http_form_append(struct secret *form, const char *name, const char *value)
{
    return (form->len == 0 || secret_append_text(form, "&")) && secret_append_text(form, name) &&
           secret_append_text(form, "=") && http_append_escaped(form, value);
}
