// A text whose secrets are being hidden.
#include "core/mask_work.h"

void mask_hide(struct mask_work *w, size_t begin, size_t end)
{
    const size_t last = end < w->view.len ? end : w->view.len;
    for (size_t i = w->view.from[begin]; begin < last && i < w->view.from[last]; i++)
        w->hidden[i] = true;
}

bool mask_is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`' || c == '\\';
}

size_t mask_run_end(const struct mask_view *view, size_t at, bool (*of_run)(char c))
{
    while (at < view->len && of_run(view->text[at]))
        at++;
    return at;
}
