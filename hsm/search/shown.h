// A token that is shown, with its URI: too big for the stack. For hsm alone.
#pragma once

#include <stdlib.h>

#include "hsm/token/info.h"

struct shown_token {
    struct token_info info;
    char uri[URI_TEXT_MAX];
};

static inline void shown_token_free(struct shown_token **shown)
{
    free(*shown);
}
#define SHOWN_TOKEN_AUTO __attribute__((cleanup(shown_token_free))) struct shown_token
