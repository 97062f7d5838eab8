// Single values of an answer.
#include "oauth/answer_text.h"

#include <string.h>

#include "core/api.h"

bool answer_wrong(struct ssa_error *err, const char *path, const char *why)
{
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "its member \"%s\" %s", path, why);
}

bool answer_root(const struct json_value *value, struct ssa_error *err)
{
    return value->path[0] != '\0' || value->type == JSON_OBJECT ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "it is no JSON object");
}

bool answer_lacks(struct ssa_error *err, const char *name)
{
    return answer_wrong(err, name, "is missing");
}

bool answer_read(struct span body, json_visit *visit, void *context, struct ssa_error *err)
{
    return body.len == 0 ? error_set(err, SSA_UNEXPECTED, NULL, NULL, "it is empty")
                         : json_read(body, visit, context, err);
}

static bool all(struct span text, bool (*allowed)(uint8_t c))
{
    for (size_t i = 0; i < text.len; i++) {
        if (!allowed(text.data[i]))
            return false;
    }
    return true;
}

static bool visible(uint8_t c)
{
    return c > 0x20 && c < 0x7f;
}

static bool of_id(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

// Nothing that a shell or a dotenv parser would make something of.
static bool of_email(uint8_t c)
{
    return visible(c) && strchr("\"'`\\$<>(),;", c) == NULL;
}

static bool copy(const struct json_value *value, char *out, size_t capacity, struct ssa_error *err)
{
    if (value->text.len >= capacity)
        return answer_wrong(err, value->path, "is too long");
    memcpy(out, value->text.data, value->text.len);
    out[value->text.len] = '\0';
    return true;
}

static bool check(const struct json_value *value, const char *out, bool (*allowed)(uint8_t c),
                  struct ssa_error *err)
{
    if (value->type != JSON_STRING)
        return answer_wrong(err, value->path, "is no string");
    if (out[0] != '\0')
        return answer_wrong(err, value->path, "is there twice");
    if (value->text.len == 0)
        return answer_wrong(err, value->path, "is empty");
    return all(value->text, allowed) || answer_wrong(err, value->path, "holds characters that it must not");
}

bool answer_text(const struct json_value *value, char *out, size_t capacity, struct ssa_error *err)
{
    return check(value, out, visible, err) && copy(value, out, capacity, err);
}

bool answer_id(const struct json_value *value, char *out, size_t capacity, struct ssa_error *err)
{
    if (!check(value, out, of_id, err))
        return false;
    if (value->text.data[0] == '.')
        return answer_wrong(err, value->path, "begins with a dot");
    return copy(value, out, capacity, err);
}

bool answer_email(const struct json_value *value, char *out, size_t capacity, struct ssa_error *err)
{
    return check(value, out, of_email, err) && copy(value, out, capacity, err);
}
