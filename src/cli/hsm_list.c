// ssa-hsm hsm list
#include "cli/command.h"
#include "cli/print.h"
#include "core/json.h"
#include "core/text.h"

// A line's URI and label, escaped at the worst; and what there is at first.
enum { LINE_ROOM = 64 * 1024, LISTING_START = 512 * 1024 };

static const char *const kinds[] = {"module", "token", "key"};

// Collected first: printing half a list before a failure would look like a whole one.
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
    if (!secret_new(&larger, 2 * text->capacity, NULL) || !secret_append(&larger, secret_span(text))) {
        secret_free(&larger);
        return false;
    }
    secret_free(text);
    *text = larger;
    return true;
}

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
    c->whole =
        c->whole &&
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

bool command_hsm_list(const struct invocation *i, struct ssa_error *err)
{
    struct collected c = {.as_json = i->arguments->given[OPT_JSON], .whole = true};
    if (!secret_new(&c.text, LISTING_START, err))
        return false;
    bool ok = !c.as_json || json_begin(&c.json, &c.text, true);
    if (ok && c.as_json)
        json_open(&c.json, JSON_ARRAY);
    ok = ok && ssa_list(&i->run, i->arguments->given[OPT_LOGIN], add, &c, err);
    if (c.as_json) {
        json_close(&c.json, JSON_ARRAY);
        ok = json_end(&c.json, ok ? err : NULL) && ok;
    }
    if (ok && !c.as_json && c.text.len == 0)
        print_note("p11-kit knows no PKCS#11 module; name one with --module FILE");
    ok = ok &&
         (c.whole || error_set(err, SSA_UNEXPECTED, NULL, NULL, "no memory for a list of this length")) &&
         print_result(secret_span(&c.text), err);
    secret_free(&c.text);
    return ok;
}
