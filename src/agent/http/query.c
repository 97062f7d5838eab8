#include "agent/http/query.h"

#include "core/text.h"

static const char *const names[PARAMETERS] = {
    [PARAMETER_PROFILE] = "profile", [PARAMETER_SCOPE] = "scope",         [PARAMETER_MIN_TTL] = "min_ttl",
    [PARAMETER_FORCE] = "force",     [PARAMETER_WAIT] = "wait",           [PARAMETER_CLIENT_ID] = "client_id",
    [PARAMETER_ACCOUNT] = "account", [PARAMETER_BASE_URL] = "base_url",   [PARAMETER_LIFETIME] = "lifetime",
    [PARAMETER_NBF] = "nbf",         [PARAMETER_PIN_RETRY] = "pin_retry",
};

// Decodes in place. As HTML forms write it, a plus sign is a space.
static bool decode(char *text)
{
    const char *in = text;
    char *out = text;
    while (*in != '\0') {
        if (*in == '+') {
            *out++ = ' ';
            in++;
        } else if (*in != '%') {
            *out++ = *in++;
        } else {
            const int high = text_hex_digit(in[1]), low = high < 0 ? -1 : text_hex_digit(in[2]);
            // A NUL would hide what comes after it.
            if (low < 0 || (high == 0 && low == 0))
                return false;
            *out++ = (char)(high << 4 | low);
            in += 3;
        }
    }
    *out = '\0';
    return true;
}

static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    return text_is_utf8(span_text(text));
}

static bool find(const char *name, unsigned known, size_t *parameter)
{
    for (*parameter = 0; *parameter < PARAMETERS; ++*parameter)
        if ((known & 1U << *parameter) != 0 && strcmp(names[*parameter], name) == 0)
            return true;
    return false;
}

static bool read_one(char *text, unsigned known, struct query *query, struct ssa_error *err)
{
    char *value = strchr(text, '=');
    size_t parameter;
    if (value != NULL)
        *value++ = '\0';
    if (!decode(text) || (value != NULL && !decode(value)))
        return error_set(err, SSA_USAGE, NULL, NULL, "the query has a bad percent-encoding");
    if (!is_plain(text) || (value != NULL && !is_plain(value)))
        return error_set(err, SSA_USAGE, NULL, NULL, "the query has control characters, or is not UTF-8");
    if (!find(text, known, &parameter))
        return error_set(err, SSA_USAGE, NULL, NULL, "there is no parameter \"%s\" here", text);
    if (value == NULL)
        return error_set(err, SSA_USAGE, NULL, NULL, "the parameter %s has no value", text);
    if (query->values[parameter] != NULL)
        return error_set(err, SSA_USAGE, NULL, NULL, "the parameter %s is given twice", text);
    query->values[parameter] = value;
    return true;
}

bool query_read(char *text, unsigned known, struct query *query, struct ssa_error *err)
{
    *query = (struct query){0};
    if (text[0] == '\0')
        return true;
    for (char *next; text != NULL; text = next) {
        next = strchr(text, '&');
        if (next != NULL)
            *next++ = '\0';
        if (!read_one(text, known, query, err))
            return false;
    }
    return true;
}

bool query_number(const struct query *query, enum parameter parameter, unsigned least, unsigned most,
                  unsigned otherwise, unsigned *number, struct ssa_error *err)
{
    const char *text = query->values[parameter];
    *number = otherwise;
    if (text == NULL)
        return true;
    unsigned long long value = 0;
    const char *c = text;
    for (; *c >= '0' && *c <= '9' && value <= most; c++)
        value = value * 10 + (unsigned)(*c - '0');
    if (c == text || *c != '\0' || value < least || value > most)
        return error_set(err, SSA_USAGE, NULL, NULL, "the parameter %s must be a number from %u to %u",
                         names[parameter], least, most);
    *number = (unsigned)value;
    return true;
}

bool query_flag(const struct query *query, enum parameter parameter, bool *flag, struct ssa_error *err)
{
    const char *text = query->values[parameter];
    *flag = text != NULL && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
    if (text == NULL || *flag || strcmp(text, "0") == 0 || strcmp(text, "false") == 0)
        return true;
    return error_set(err, SSA_USAGE, NULL, NULL, "the parameter %s must be 1 or true, 0 or false", names[parameter]);
}
