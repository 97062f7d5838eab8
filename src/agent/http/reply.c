#include "agent/http/reply.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/json.h"
#include "core/text.h"

static void done(void *context)
{
    struct secret *body = context;
    secret_free(body);
    free(body);
}

struct MHD_Response *reply_make(struct secret *body, const char *type)
{
    // With a line break at its end, a shell's prompt does not stand behind what curl shows.
    const bool ended = body->len > 0 && (body->data[body->len - 1] == '\n' || secret_append_text(body, "\n"));
    struct secret *kept = ended ? malloc(sizeof *kept) : NULL;
    if (kept == NULL) {
        secret_free(body);
        return NULL;
    }
    *kept = *body;
    *body = (struct secret){0};
    struct MHD_Response *answer =
        microhttpd.create_response_from_buffer_with_free_callback_cls(kept->len, kept->data, done, kept);
    if (answer == NULL) {
        done(kept);
        return NULL;
    }
    if (microhttpd.add_response_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES ||
        microhttpd.add_response_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") != MHD_YES) {
        microhttpd.destroy_response(answer);
        return NULL;
    }
    return answer;
}

static bool add_header(struct MHD_Response *answer, const char *name, const char *value)
{
    return value == NULL || microhttpd.add_response_header(answer, name, value) == MHD_YES;
}

struct MHD_Response *reply_failure(enum failure failed, const struct ssa_error *err, unsigned retry_after,
                                   const char *pin_socket, const char *allow)
{
    SECRET_AUTO body = {0};
    char seconds[16];
    if (!secret_new(&body, FAILURE_TEXT_MAX, ERROR_IGNORED) ||
        !failure_write(&body, failed, err, retry_after, pin_socket, ERROR_IGNORED) ||
        !text_format(seconds, sizeof seconds, "%u", retry_after))
        return NULL;
    struct MHD_Response *answer = reply_make(&body, REPLY_JSON);
    if (answer != NULL && add_header(answer, MHD_HTTP_HEADER_ALLOW, allow) &&
        add_header(answer, MHD_HTTP_HEADER_RETRY_AFTER, retry_after > 0 ? seconds : NULL))
        return answer;
    if (answer != NULL)
        microhttpd.destroy_response(answer);
    return NULL;
}

static bool write_oauth(struct secret *body, const struct reply_oauth *reply)
{
    struct json_writer w;
    if (!secret_new(body, FAILURE_TEXT_MAX, ERROR_IGNORED) || !json_begin(&w, body, false))
        return false;
    json_open(&w, JSON_OBJECT);
    member_text(&w, "error", reply->error);
    member_text(&w, "error_description", reply->description);
    if (reply->developer_message != NULL)
        member_text(&w, "developerMessage", reply->developer_message);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, ERROR_IGNORED);
}

struct MHD_Response *reply_oauth(const struct reply_oauth *reply)
{
    SECRET_AUTO body = {0};
    char seconds[16];
    if (!write_oauth(&body, reply) || !text_format(seconds, sizeof seconds, "%u", reply->retry_after))
        return NULL;
    struct MHD_Response *answer = reply_make(&body, REPLY_JSON);
    if (answer != NULL && add_header(answer, MHD_HTTP_HEADER_ALLOW, reply->allow) &&
        add_header(answer, MHD_HTTP_HEADER_RETRY_AFTER, reply->retry_after > 0 ? seconds : NULL) &&
        add_header(answer, MHD_HTTP_HEADER_WWW_AUTHENTICATE, reply->authenticate ? "Basic realm=\"ssa-hsm\"" : NULL) &&
        add_header(answer, MHD_HTTP_HEADER_CONNECTION, reply->close ? "close" : NULL))
        return answer;
    if (answer != NULL)
        microhttpd.destroy_response(answer);
    return NULL;
}

struct MHD_Response *reply_text(const char *name, struct span text)
{
    SECRET_AUTO body = {0};
    struct json_writer w;
    // What has to be escaped takes at most six times its length.
    if (!secret_new(&body, 64 + 6 * text.len, ERROR_IGNORED) || !json_begin(&w, &body, false))
        return NULL;
    json_open(&w, JSON_OBJECT);
    json_name(&w, name);
    json_string(&w, text);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, ERROR_IGNORED) ? reply_make(&body, REPLY_JSON) : NULL;
}
