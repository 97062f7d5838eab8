#include "agent/callers/callers_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "core/descriptor.h"
#include "core/json.h"
#include "core/owner.h"
#include "core/read.h"
#include "core/text.h"

// What the values of a caller are called in the file.
static const struct {
    const char *path;
    size_t at, room;
} texts[] = {
#define TEXT(member)                                                                                                   \
    {                                                                                                                  \
        "callers[]." #member, offsetof(struct caller_entry, member), sizeof((struct caller_entry *)NULL)->member       \
    }
    TEXT(name), TEXT(id), TEXT(hash), TEXT(san), TEXT(scope), TEXT(profile),
#undef TEXT
};

struct reading {
    struct callers *callers;
    const char *path;
    bool seen; // the list of callers
};

static bool is_wrong(const struct reading *r, const char *what, struct ssa_error *err)
{
    return error_set(err, SSA_CONFIG, NULL, r->path, "the file of the callers is damaged: %s", what);
}

static bool is_allowed(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

bool caller_check(const struct caller_entry *caller, struct ssa_error *err)
{
    static const char in_name[] = TEXT_ALPHANUMERIC "._-";
    if (caller->name[0] == '\0' || !is_allowed(caller->name, in_name))
        return error_set(err, SSA_USAGE, NULL, NULL,
                         "the name of a caller has letters, digits, \".\", \"_\" and \"-\" only, not \"%s\"",
                         caller->name);
    if (!is_allowed(caller->san, TEXT_ALPHANUMERIC "._-:/@%~"))
        return error_set(err, SSA_USAGE, NULL, NULL, "\"%s\" is not a DNS name or a URI", caller->san);
    return true;
}

static bool add_empty(const struct reading *r, struct ssa_error *err)
{
    struct callers *callers = r->callers;
    if (callers->count == CALLERS_MAX)
        return is_wrong(r, "there are too many callers", err);
    struct caller_entry *list = reallocarray(callers->list, callers->count + 1, sizeof *list);
    if (list == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the callers");
    callers->list = list;
    list[callers->count++] = (struct caller_entry){.created = 0};
    return true;
}

static bool take_text(const struct reading *r, const struct json_value *value, size_t which, struct ssa_error *err)
{
    struct caller_entry *caller = &r->callers->list[r->callers->count - 1];
    char *out = (char *)caller + texts[which].at;
    const struct span text = value->text;
    if (value->type == JSON_NULL)
        return true;
    if (value->type != JSON_STRING || text.len >= texts[which].room || memchr(text.data, '\0', text.len) != NULL)
        return is_wrong(r, value->path, err);
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

static bool take_number(const struct reading *r, const struct json_value *value, struct ssa_error *err)
{
    char text[24];
    char *end = NULL;
    if (value->type != JSON_NUMBER ||
        !text_format(text, sizeof text, "%.*s", (int)value->text.len, (const char *)value->text.data))
        return is_wrong(r, value->path, err);
    r->callers->list[r->callers->count - 1].created = strtoll(text, &end, 10);
    return *end == '\0' || is_wrong(r, value->path, err);
}

static bool take(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct reading *r = context;
    if (strcmp(value->path, "") == 0)
        return value->type == JSON_OBJECT || is_wrong(r, "it is not an object", err);
    if (strcmp(value->path, "callers") == 0) {
        r->seen = true;
        return value->type == JSON_ARRAY || is_wrong(r, value->path, err);
    }
    if (strcmp(value->path, "callers[]") == 0)
        return value->type == JSON_OBJECT ? add_empty(r, err) : is_wrong(r, value->path, err);
    if (r->callers->count == 0)
        return is_wrong(r, value->path, err);
    if (strcmp(value->path, "callers[].created") == 0)
        return take_number(r, value, err);
    for (size_t i = 0; i < COUNT(texts); i++)
        if (strcmp(value->path, texts[i].path) == 0)
            return take_text(r, value, i, err);
    // A later version may know more; what this one does not know could be a restriction.
    return is_wrong(r, value->path, err);
}

bool callers_parse(struct span text, const char *path, struct callers *callers, struct ssa_error *err)
{
    struct reading r = {.callers = callers, .path = path};
    struct ssa_error why;
    *callers = (struct callers){0};
    bool read = json_read(text, take, &r, &why);
    if (!read && why.code == SSA_UNEXPECTED && why.domain == SSA_DOMAIN_NONE)
        (void)is_wrong(&r, why.what, &why);
    if (read && !r.seen)
        read = is_wrong(&r, "it has no list of callers", &why);
    for (size_t i = 0; read && i < callers->count; i++)
        if (!caller_check(&callers->list[i], ERROR_IGNORED))
            read = is_wrong(&r, "callers[].name", &why);
    if (read)
        return true;
    callers_free(callers);
    *err = why;
    return false;
}

bool callers_read(const char *path, struct callers *callers, struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    *callers = (struct callers){0};
    DESCRIPTOR_AUTO fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || error_errno(err, SSA_CONFIG, errno, path, "the file of the callers cannot be read");
    return owner_check_file(fd, path, err) && secret_new(&text, CALLERS_FILE_MAX, err) &&
           read_secret(&text, fd, path, NULL, err) && callers_parse(secret_span(&text), path, callers, err);
}

bool callers_write(const struct callers *callers, struct secret *out, struct ssa_error *err)
{
    struct json_writer w;
    if (!json_begin(&w, out, true))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the callers");
    json_open(&w, JSON_OBJECT);
    member_open(&w, "callers", JSON_ARRAY);
    for (size_t i = 0; i < callers->count; i++) {
        const struct caller_entry *caller = &callers->list[i];
        json_open(&w, JSON_OBJECT);
        for (size_t k = 0; k < COUNT(texts); k++)
            member_text(&w, strrchr(texts[k].path, '.') + 1, (const char *)caller + texts[k].at);
        json_name(&w, "created");
        json_integer(&w, caller->created);
        json_close(&w, JSON_OBJECT);
    }
    json_close(&w, JSON_ARRAY);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, err);
}
