#include "cli/setup/memory.h"

#include "cli/terminal/terminal.h"
#include "core/text.h"

enum { ANSWER_MAX = 4096 };

static struct answer *find(struct memory *memory, const char *prompt)
{
    for (size_t i = 0; i < ANSWERS_MAX; i++)
        if (strcmp(memory->answers[i].prompt, prompt) == 0)
            return &memory->answers[i];
    return NULL;
}

static void forget(struct answer *a)
{
    secret_free(&a->text);
    *a = (struct answer){0};
}

// Where there is no room, or no memory that can be locked, the person is asked again.
static void remember(struct memory *memory, const char *prompt, struct span text)
{
    struct answer *a = find(memory, prompt);
    if (a == NULL)
        a = find(memory, "");
    if (a == NULL)
        return;
    forget(a);
    if (!text_format(a->prompt, sizeof a->prompt, "%s", prompt) || !secret_new(&a->text, ANSWER_MAX, ERROR_IGNORED) ||
        !secret_must_be_locked(&a->text, ERROR_IGNORED) || !secret_append(&a->text, text)) {
        forget(a);
        return;
    }
    a->used = true;
}

bool memory_ask(struct memory *memory, const char *prompt, char *answer, size_t capacity, size_t *len,
                struct ssa_error *err)
{
    struct answer *a = find(memory, prompt);
    if (a != NULL && a->proved && !a->used && a->text.len <= capacity) {
        memcpy(answer, a->text.data, a->text.len);
        *len = a->text.len;
        a->used = true;
        return true;
    }
    if (!terminal_ask_secret(NULL, prompt, answer, capacity, len, err))
        return false;
    remember(memory, prompt, span_of(answer, *len));
    return true;
}

void memory_begin(struct memory *memory)
{
    for (size_t i = 0; i < ANSWERS_MAX; i++)
        memory->answers[i].used = false;
}

void memory_end(struct memory *memory, bool done, const struct ssa_error *err)
{
    const bool wrong = !done && (err->code == SSA_PIN || err->code == SSA_CREDENTIALS);
    for (size_t i = 0; i < ANSWERS_MAX; i++) {
        struct answer *a = &memory->answers[i];
        if (a->used && wrong)
            forget(a);
        else if (a->used && done)
            a->proved = true;
    }
}

void memory_free(struct memory *memory)
{
    for (size_t i = 0; i < ANSWERS_MAX; i++)
        forget(&memory->answers[i]);
}
