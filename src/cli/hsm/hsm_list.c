// ssa-hsm hsm list
#include <errno.h>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/output/print.h"
#include "core/json.h"
#include "core/text.h"

// Room for one line, whose URI and label may be escaped; and for the whole list at first.
enum { LINE_ROOM = 64 * 1024, LISTING_START = 512 * 1024 };

static const char *const kinds[] = {"module", "token", "key"};

// The list is collected first: half a list, printed before a failure, would look like a whole one.
struct collected {
    struct secret text;
    struct json_writer json;
    bool as_json;
    bool whole;
};

// A token may hold any number of keys.
static bool make_room(struct secret *text)
{
    struct secret larger = {0};
    if (text->capacity - text->len >= LINE_ROOM)
        return true;
    if (!secret_new(&larger, 2 * text->capacity, ERROR_IGNORED) || !secret_append(&larger, secret_span(text))) {
        secret_free(&larger);
        return false;
    }
    secret_free(text);
    *text = larger;
    return true;
}

// Empty where there is none, and not null.
static void member(struct json_writer *w, const char *name, const char *value)
{
    json_name(w, name);
    json_string(w, span_text(value));
}

static void add_json(struct collected *c, const struct ssa_listing *line)
{
    json_open(&c->json, JSON_OBJECT);
    member(&c->json, "kind", kinds[line->depth]);
    member(&c->json, "label", line->label);
    member(&c->json, line->depth == 0 ? "path" : "uri", line->uri);
    member(&c->json, line->failed ? "error" : "detail", line->detail);
    json_close(&c->json, JSON_OBJECT);
}

static void add_text(struct collected *c, const struct ssa_listing *line)
{
    static const char *const indents[] = {"", "  ", "  "};
    char text[2 * SSA_ERROR_TEXT_MAX];
    const bool detailed = line->detail[0] != '\0';
    c->whole = c->whole &&
               text_format(text, sizeof text, "%s%s %s%s%s%s%s\n%s  %s\n", indents[line->depth], kinds[line->depth],
                           line->label, detailed ? " (" : "", line->failed ? "cannot be used: " : "", line->detail,
                           detailed ? ")" : "", indents[line->depth], line->uri) &&
               secret_append_text(&c->text, text);
}

static void add(void *context, const struct ssa_listing *line)
{
    struct collected *c = context;
    c->whole = c->whole && make_room(&c->text);
    if (c->as_json)
        add_json(c, line);
    else
        add_text(c, line);
}

static bool collect(struct collected *c, const struct ssa_run *run, bool login, struct ssa_error *err)
{
    if (!c->as_json)
        return ssa_hsm_list(run, login, add, c, err);
    if (!json_begin(&c->json, &c->text, true))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the JSON");
    json_open(&c->json, JSON_ARRAY);
    const bool listed = ssa_hsm_list(run, login, add, c, err);
    json_close(&c->json, JSON_ARRAY);
    return json_end(&c->json, listed ? err : ERROR_IGNORED) && listed;
}

static bool print_collected(struct collected *c, struct ssa_error *err)
{
    if (!c->whole)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a list of this length");
    if (c->text.len == 0)
        print_note("p11-kit knows no PKCS#11 module: name one with --module FILE");
    return print_result(secret_span(&c->text), err);
}

static bool hsm_list(const struct invocation *i, struct ssa_error *err)
{
    struct collected c = {.as_json = option_given(i->arguments, &option_json), .whole = true};
    if (!secret_new(&c.text, LISTING_START, err))
        return false;
    const bool done = collect(&c, &i->run, option_given(i->arguments, &option_login), err) && print_collected(&c, err);
    secret_free(&c.text);
    return done;
}

const struct command command_hsm_list = {
    .name = "hsm list",
    .group = "PKCS#11 tokens",
    .help = "list the modules and tokens, or with --login a token's keys, as URIs to copy",
    .options = OPTIONS(&option_login, &option_json),
    .run = hsm_list,
};
