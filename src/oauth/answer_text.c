#include "oauth/answer_text.h"

bool answer_wrong(struct ssa_error *err, const char *path, const char *why)
{
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "its member \"%s\" %s", path, why);
}

bool answer_root(const struct json_value *value, struct ssa_error *err)
{
    return value->path[0] != '\0' || value->type == JSON_OBJECT ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "it is not a JSON object");
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

static bool is_visible(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    return true;
}

bool answer_text(const struct json_value *value, char *out, size_t capacity, struct ssa_error *err)
{
    if (value->type != JSON_STRING)
        return answer_wrong(err, value->path, "is not a string");
    if (out[0] != '\0')
        return answer_wrong(err, value->path, "occurs twice");
    if (value->text.len == 0)
        return answer_wrong(err, value->path, "is empty");
    if (!is_visible(value->text))
        return answer_wrong(err, value->path, "contains characters that are not allowed");
    if (value->text.len >= capacity)
        return answer_wrong(err, value->path, "is too long");
    memcpy(out, value->text.data, value->text.len);
    out[value->text.len] = '\0';
    return true;
}
