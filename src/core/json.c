#include "core/json.h"

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "core/text.h"
#include "core/timestamp.h"

enum { DEPTH_MAX = 16, PATH_MAX_LENGTH = 256 };

// An allocator for yajl that wipes. The program's own free wipes, too, but the library must not rely on that. Each
// piece has its size in front: an allocator in place of the C library's may lack malloc_usable_size.
enum { HEAD = alignof(max_align_t) };

static void *wiping_malloc(void *context, size_t size)
{
    (void)context;
    uint8_t *whole = size <= SIZE_MAX - HEAD ? malloc(HEAD + size) : NULL;
    if (whole == NULL)
        return NULL;
    memcpy(whole, &size, sizeof size);
    return whole + HEAD;
}

static size_t size_of(const void *memory)
{
    size_t size = 0;
    memcpy(&size, (const uint8_t *)memory - HEAD, sizeof size);
    return size;
}

static void wiping_free(void *context, void *memory)
{
    (void)context;
    if (memory == NULL)
        return;
    secret_wipe(memory, size_of(memory));
    free((uint8_t *)memory - HEAD);
}

static void *wiping_realloc(void *context, void *memory, size_t size)
{
    void *grown = wiping_malloc(context, size);
    if (grown == NULL || memory == NULL)
        return grown;
    const size_t had = size_of(memory);
    memcpy(grown, memory, had < size ? had : size);
    wiping_free(context, memory);
    return grown;
}

static yajl_alloc_funcs wiping = {.malloc = wiping_malloc, .realloc = wiping_realloc, .free = wiping_free};

// After a failure there is no target any more. The rest is dropped, and json_end fails.
static void print(void *context, const char *text, size_t len)
{
    struct json_writer *w = context;
    if (w->out != NULL && !secret_append(w->out, span_of(text, len)))
        w->out = NULL;
}

bool json_begin(struct json_writer *w, struct secret *out, bool indented)
{
    yajl_gen g = yajl_gen_alloc(&wiping);
    *w = (struct json_writer){.generator = g, .out = out};
    if (g == NULL)
        return false;
    // These can fail only for options that yajl does not know.
    (void)yajl_gen_config(g, yajl_gen_print_callback, print, w);
    (void)yajl_gen_config(g, yajl_gen_validate_utf8, 1);
    (void)yajl_gen_config(g, yajl_gen_beautify, indented ? 1 : 0);
    (void)yajl_gen_config(g, yajl_gen_indent_string, "  ");
    return true;
}

static void note(struct json_writer *w, yajl_gen_status status)
{
    if (status != yajl_gen_status_ok)
        w->out = NULL;
}

void json_open(struct json_writer *w, enum json_type type)
{
    note(w, type == JSON_ARRAY ? yajl_gen_array_open(w->generator) : yajl_gen_map_open(w->generator));
}

void json_close(struct json_writer *w, enum json_type type)
{
    note(w, type == JSON_ARRAY ? yajl_gen_array_close(w->generator) : yajl_gen_map_close(w->generator));
}

void json_string(struct json_writer *w, struct span text)
{
    note(w, yajl_gen_string(w->generator, text.data == NULL ? (const uint8_t *)"" : text.data, text.len));
}

void json_name(struct json_writer *w, const char *name)
{
    json_string(w, span_text(name));
}

void json_integer(struct json_writer *w, long long value)
{
    note(w, yajl_gen_integer(w->generator, value));
}

void json_bool(struct json_writer *w, bool value)
{
    note(w, yajl_gen_bool(w->generator, value ? 1 : 0));
}

static void write_number(struct json_writer *w, struct span digits)
{
    note(w, yajl_gen_number(w->generator, (const char *)digits.data, digits.len));
}

void json_null(struct json_writer *w)
{
    note(w, yajl_gen_null(w->generator));
}

bool json_end(struct json_writer *w, struct ssa_error *err)
{
    yajl_gen_free(w->generator);
    w->generator = NULL;
    return w->out != NULL || error_set(err, SSA_UNEXPECTED, NULL, NULL,
                                       "the JSON does not fit its buffer, or contains text that is not UTF-8");
}

void member_open(struct json_writer *w, const char *name, enum json_type type)
{
    json_name(w, name);
    json_open(w, type);
}

// null stands for what is not known.
void member_text(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    if (text_present(text))
        json_string(w, span_text(text));
    else
        json_null(w);
}

void member_bool(struct json_writer *w, const char *name, bool value)
{
    member_bool_or_null(w, name, true, value);
}

void member_bool_or_null(struct json_writer *w, const char *name, bool known, bool value)
{
    json_name(w, name);
    if (known)
        json_bool(w, value);
    else
        json_null(w);
}

void member_time(struct json_writer *w, const char *name, bool known, time_t at)
{
    char text[TIMESTAMP_TEXT_MAX];
    member_text(w, name, known && timestamp_write(at, text) ? text : NULL);
}

struct reader {
    json_visit *visit;
    void *context;
    struct json_writer *copy; // everything is written to it; NULL for nothing
    bool held;                // the opening of the innermost container is not written to it yet
    struct ssa_error *err;
    bool stopped;
    size_t depth;
    size_t name_start[DEPTH_MAX]; // length of path up to the container, for each open one
    enum json_type kind[DEPTH_MAX];
    char path[PATH_MAX_LENGTH];
};

static int stop(struct reader *r)
{
    r->stopped = true;
    return 0;
}

// An opening is held back until something follows it, because the generator would write an empty object or array on
// three lines.
static void write_held(struct reader *r)
{
    if (r->held)
        json_open(r->copy, r->kind[r->depth - 1]);
    r->held = false;
}

// Appends ".name" or "[]" to the path of the open container.
static int enter(struct reader *r, struct span name, bool array)
{
    const size_t base = r->depth == 0 ? 0 : r->name_start[r->depth - 1];
    const char *dot = base > 0 && !array ? "." : "";
    // A zero byte would end the path early, and make one name look like another.
    const bool whole = name.len == 0 || memchr(name.data, 0, name.len) == NULL;
    if (whole && text_format(r->path + base, sizeof r->path - base, "%s%.*s", dot, SPAN_PRINTF(name)))
        return 1;
    error_set(r->err, SSA_UNEXPECTED, NULL, NULL,
              "the JSON has a member name that is too long or contains a zero byte");
    return stop(r);
}

static int show(struct reader *r, enum json_type type, const void *text, size_t len)
{
    if (r->depth > 0 && r->kind[r->depth - 1] == JSON_ARRAY && !enter(r, span_text("[]"), true))
        return 0;
    const struct json_value value = {.path = r->path, .type = type, .text = span_of(text, len)};
    return r->visit(r->context, &value, r->err) ? 1 : stop(r);
}

static int on_null(void *context)
{
    return show(context, JSON_NULL, NULL, 0);
}

static int on_bool(void *context, int value)
{
    return show(context, JSON_BOOL, value ? "true" : "false", value ? 4 : 5);
}

static int on_number(void *context, const char *text, size_t len)
{
    return show(context, JSON_NUMBER, text, len);
}

// An escape may stand for half a character (RFC 8259 section 8.2). Such a string is not text.
static int no_text(struct reader *r)
{
    error_set(r->err, SSA_UNEXPECTED, NULL, NULL, "not valid JSON: an escape does not stand for a character");
    return stop(r);
}

static int on_string(void *context, const unsigned char *text, size_t len)
{
    if (!text_is_utf8(span_of(text, len)))
        return no_text(context);
    return show(context, JSON_STRING, text, len);
}

static int open_container(struct reader *r, enum json_type kind)
{
    if (!show(r, kind, NULL, 0))
        return 0;
    if (r->depth == DEPTH_MAX) {
        error_set(r->err, SSA_UNEXPECTED, NULL, NULL, "the JSON is nested deeper than %d", DEPTH_MAX);
        return stop(r);
    }
    r->name_start[r->depth] = strlen(r->path);
    r->kind[r->depth++] = kind;
    r->held = r->copy != NULL;
    return 1;
}

static int on_open_object(void *context)
{
    return open_container(context, JSON_OBJECT);
}

static int on_open_array(void *context)
{
    return open_container(context, JSON_ARRAY);
}

static int on_name(void *context, const unsigned char *text, size_t len)
{
    struct reader *r = context;
    if (!text_is_utf8(span_of(text, len)))
        return no_text(r);
    if (!enter(r, span_of(text, len), false))
        return 0;
    if (r->copy != NULL) {
        write_held(r);
        json_string(r->copy, span_of(text, len));
    }
    return 1;
}

static int on_close(void *context)
{
    struct reader *r = context;
    r->path[r->name_start[--r->depth]] = '\0';
    const enum json_type kind = r->kind[r->depth];
    // The generator writes a number as it is given. So it can be given "[]" or "{}", too.
    if (r->held)
        write_number(r->copy, span_text(kind == JSON_ARRAY ? "[]" : "{}"));
    else if (r->copy != NULL)
        json_close(r->copy, kind);
    r->held = false;
    return 1;
}

static const yajl_callbacks reading = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_open_object,
    .yajl_map_key = on_name,
    .yajl_end_map = on_close,
    .yajl_start_array = on_open_array,
    .yajl_end_array = on_close,
};

static bool parse(struct span text, struct reader *r)
{
    // RFC 8259 section 8.1. yajl's own check accepts overlong forms.
    if (!text_is_utf8(text))
        return error_set(r->err, SSA_UNEXPECTED, NULL, NULL, "not valid JSON: it is not UTF-8");
    yajl_handle parser = yajl_alloc(&reading, &wiping, r);
    if (parser == NULL)
        return error_errno(r->err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the JSON parser");
    yajl_status status = yajl_parse(parser, text.data, text.len);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(parser);
    const bool ok = status == yajl_status_ok;
    if (!ok && !r->stopped)
        error_set(r->err, SSA_UNEXPECTED, NULL, NULL, "not valid JSON (at byte %zu of %zu)",
                  yajl_get_bytes_consumed(parser), text.len);
    yajl_free(parser);
    return ok;
}

bool json_read(struct span text, json_visit *visit, void *context, struct ssa_error *err)
{
    struct reader r = {.visit = visit, .context = context, .err = err};
    return parse(text, &r);
}

static bool copy_value(void *context, const struct json_value *value, struct ssa_error *err)
{
    (void)err;
    struct reader *r = context;
    write_held(r);
    if (value->type == JSON_NULL)
        json_null(r->copy);
    else if (value->type == JSON_BOOL)
        json_bool(r->copy, span_is(value->text, "true"));
    else if (value->type == JSON_NUMBER)
        write_number(r->copy, value->text);
    else if (value->type == JSON_STRING)
        json_string(r->copy, value->text);
    return true;
}

bool json_indent(struct span text, struct secret *out, struct ssa_error *err)
{
    struct json_writer w;
    if (!json_begin(&w, out, true))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the JSON generator");
    struct reader r = {.visit = copy_value, .copy = &w, .err = err};
    r.context = &r;
    const bool read = parse(text, &r);
    return json_end(&w, read ? err : ERROR_IGNORED) && read;
}
