// What looks like a secret in a text, and how a part of the text is hidden. For mask.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// So many bytes of a text are read.
enum { MASK_LOOKED_AT = 2048 };

// The text as one of the passes sees it. from[i] tells where character i stands in the text that is shown.
struct mask_view {
    char text[MASK_LOOKED_AT + 1];
    uint16_t from[MASK_LOOKED_AT + 1];
    size_t len;
};

struct mask_work {
    struct mask_view view;
    const char *harmless;            // looks random but is not a secret; NULL for none
    bool hidden[MASK_LOOKED_AT + 1]; // of the characters that are shown
    char shown[MASK_LOOKED_AT + 1];
    char masked[2 * MASK_LOOKED_AT + 4]; // "***" is longer than a single hidden character
};

// Hides the view's characters from begin to end.
void mask_hide(struct mask_work *w, size_t begin, size_t end);

bool mask_is_quote(char c);

// Returns where a run of characters ends that begins at the index and has only characters of the kind.
size_t mask_run_end(const struct mask_view *view, size_t index, bool (*of_kind)(char c));

// Hides what looks like a secret.
void mask_hide_patterns(struct mask_work *w);
