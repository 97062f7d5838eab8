// Form bodies.
#include "oauth/form.h"

#include <curl/curl.h>
#include <string.h>

bool form_append(struct secret *form, const char *name, const char *value)
{
    // Length 0 means strlen there.
    char *escaped = curl_easy_escape(NULL, value, 0);
    const bool ok = escaped != NULL && (form->len == 0 || secret_append_text(form, "&")) &&
                    secret_append_text(form, name) && secret_append_text(form, "=") &&
                    secret_append_text(form, escaped);
    curl_free(escaped);
    return ok;
}
