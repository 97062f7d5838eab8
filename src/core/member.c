// Members of a JSON object. null stands for what is not known.
#include "core/json.h"
#include "core/text.h"
#include "core/timestamp.h"

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
    json_name(w, name);
    json_bool(w, value);
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
