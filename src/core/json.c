// Reading and writing JSON, by yajl's event interface.
#include "core/json.h"

#include <errno.h>
#include <stdlib.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "core/text.h"

enum { DEPTH_MAX = 16, PATH_MAX_LENGTH = 256 };

// An allocator for yajl with a size in front of each block, so that it can wipe. The program's own free
// wipes, too, but the library must not rely on that.
union block {
    size_t size;
    max_align_t align;
};

static void *wiping_malloc(void *context, size_t size)
{
    (void)context;
    union block *b = size > SIZE_MAX - sizeof *b ? NULL : malloc(sizeof *b + size);
    if (b == NULL)
        return NULL;
    b->size = size;
    return b + 1;
}

static void wiping_free(void *context, void *memory)
{
    (void)context;
    if (memory == NULL)
        return;
    union block *b = (union block *)memory - 1;
    secret_wipe(b, sizeof *b + b->size);
    free(b);
}

static void *wiping_realloc(void *context, void *memory, size_t size)
{
    void *grown = wiping_malloc(context, size);
    if (grown == NULL || memory == NULL)
        return grown;
    const size_t had = ((union block *)memory - 1)->size;
    memcpy(grown, memory, had < size ? had : size);
    wiping_free(context, memory);
    return grown;
}

static yajl_alloc_funcs wiping = {.malloc = wiping_malloc, .realloc = wiping_realloc, .free = wiping_free};

struct reader {
    json_visit *visit;
    void *context;
    struct ssa_error *err;
    bool stopped;
    size_t depth;
    size_t name_start[DEPTH_MAX]; // length of path up to the container, for each open one
    bool array[DEPTH_MAX];
    char path[PATH_MAX_LENGTH];
};

static int stop(struct reader *r)
{
    r->stopped = true;
    return 0;
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
    if (r->depth > 0 && r->array[r->depth - 1] && !enter(r, span_text("[]"), true))
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

static int open_container(struct reader *r, bool array)
{
    if (!show(r, array ? JSON_ARRAY : JSON_OBJECT, NULL, 0))
        return 0;
    if (r->depth == DEPTH_MAX) {
        error_set(r->err, SSA_UNEXPECTED, NULL, NULL, "the JSON is nested deeper than %d", DEPTH_MAX);
        return stop(r);
    }
    r->name_start[r->depth] = strlen(r->path);
    r->array[r->depth++] = array;
    return 1;
}

static int on_open_object(void *context)
{
    return open_container(context, false);
}

static int on_open_array(void *context)
{
    return open_container(context, true);
}

static int on_name(void *context, const unsigned char *text, size_t len)
{
    if (!text_is_utf8(span_of(text, len)))
        return no_text(context);
    return enter(context, span_of(text, len), false);
}

static int on_close(void *context)
{
    struct reader *r = context;
    r->path[r->name_start[--r->depth]] = '\0';
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

static bool parse(struct span text, const yajl_callbacks *callbacks, void *context, const bool *stopped,
                  struct ssa_error *err)
{
    // RFC 8259 section 8.1. yajl's own check accepts overlong forms.
    if (!text_is_utf8(text))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "not valid JSON: it is not UTF-8");
    yajl_handle parser = yajl_alloc(callbacks, &wiping, context);
    if (parser == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the JSON parser");
    yajl_status status = yajl_parse(parser, text.data, text.len);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(parser);
    const bool ok = status == yajl_status_ok;
    if (!ok && !*stopped)
        error_set(err, SSA_UNEXPECTED, NULL, NULL, "not valid JSON (at byte %zu of %zu)",
                  yajl_get_bytes_consumed(parser), text.len);
    yajl_free(parser);
    return ok;
}

bool json_read(struct span text, json_visit *visit, void *context, struct ssa_error *err)
{
    struct reader r = {.visit = visit, .context = context, .err = err};
    return parse(text, &reading, &r, &r.stopped, err);
}

// After a failure there is no target any more: the rest is dropped, and json_end says so.
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
    // These fail only for options that yajl does not know.
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

// Indenting: each event of the parser becomes a call of the generator. An opening is held back until
// something follows it, because the generator would write an empty object or array on three lines.
struct copier {
    struct json_writer *writer;
    size_t depth;
    enum { NOTHING, OBJECT, ARRAY } held;
    bool stopped; // the writer failed, or the nesting is too deep
};

static int copied(struct copier *c, yajl_gen_status status)
{
    note(c->writer, status);
    c->stopped = c->stopped || c->writer->out == NULL;
    return c->stopped ? 0 : 1;
}

// Writes what was held back.
static yajl_gen generator(struct copier *c)
{
    yajl_gen g = c->writer->generator;
    if (c->held == OBJECT)
        note(c->writer, yajl_gen_map_open(g));
    else if (c->held == ARRAY)
        note(c->writer, yajl_gen_array_open(g));
    c->held = NOTHING;
    return g;
}

static int copy_null(void *c)
{
    return copied(c, yajl_gen_null(generator(c)));
}

static int copy_bool(void *c, int value)
{
    return copied(c, yajl_gen_bool(generator(c), value));
}

static int copy_number(void *c, const char *text, size_t len)
{
    return copied(c, yajl_gen_number(generator(c), text, len));
}

static int copy_string(void *c, const unsigned char *text, size_t len)
{
    if (!text_is_utf8(span_of(text, len)))
        return copied(c, yajl_gen_invalid_string);
    return copied(c, yajl_gen_string(generator(c), text, len));
}

// The generator does not limit its depth.
static int copy_open(struct copier *c, bool array)
{
    (void)generator(c);
    c->held = array ? ARRAY : OBJECT;
    c->stopped = c->stopped || c->depth++ == DEPTH_MAX;
    return copied(c, yajl_gen_status_ok);
}

static int copy_open_object(void *c)
{
    return copy_open(c, false);
}

static int copy_open_array(void *c)
{
    return copy_open(c, true);
}

static int copy_close(struct copier *c, bool array)
{
    yajl_gen g = c->writer->generator;
    const bool empty = c->held != NOTHING;
    c->held = NOTHING;
    c->depth--;
    // The generator writes a number as it is given. So it can be given "[]" or "{}", too.
    if (empty)
        return copied(c, yajl_gen_number(g, array ? "[]" : "{}", 2));
    return copied(c, array ? yajl_gen_array_close(g) : yajl_gen_map_close(g));
}

static int copy_close_object(void *c)
{
    return copy_close(c, false);
}

static int copy_close_array(void *c)
{
    return copy_close(c, true);
}

static const yajl_callbacks copying = {
    .yajl_null = copy_null,
    .yajl_boolean = copy_bool,
    .yajl_number = copy_number,
    .yajl_string = copy_string,
    .yajl_start_map = copy_open_object,
    .yajl_map_key = copy_string,
    .yajl_end_map = copy_close_object,
    .yajl_start_array = copy_open_array,
    .yajl_end_array = copy_close_array,
};

bool json_indent(struct span text, struct secret *out, struct ssa_error *err)
{
    struct json_writer w;
    if (!json_begin(&w, out, true))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the JSON generator");
    struct copier c = {.writer = &w};
    const bool read = parse(text, &copying, &c, &c.stopped, err);
    const bool written = json_end(&w, read || c.stopped ? err : ERROR_IGNORED);
    if (written && c.depth > DEPTH_MAX)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the JSON is nested deeper than %d", DEPTH_MAX);
    return read && written;
}
