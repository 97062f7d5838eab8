/* Takes a script's line apart. */
#include "words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool words_fail(const struct words *words, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    fprintf(stderr, "ssa-hsm-shim: %s:%u: %s\n", words->file, words->line, message);
    return false;
}

bool words_split(struct words *words, char *line)
{
    words->count = 0;
    words->next = 0;
    for (char *c = line;;) {
        c += strspn(c, " \t\r\n");
        if (*c == '\0' || *c == '#')
            return true;
        if (words->count == MAX_WORDS)
            return words_fail(words, "more than %d words", MAX_WORDS);
        bool quoted = *c == '"';
        if (quoted)
            c++;
        words->at[words->count++] = c;
        c += strcspn(c, quoted ? "\"\n" : " \t\r\n");
        if (quoted && *c != '"')
            return words_fail(words, "no closing quote");
        if (*c != '\0')
            *c++ = '\0';
    }
}

const char *words_peek(const struct words *words)
{
    return words->next < words->count ? words->at[words->next] : NULL;
}

const char *words_take(struct words *words)
{
    return words->next < words->count ? words->at[words->next++] : NULL;
}

bool words_take_if(struct words *words, const char *word)
{
    const char *next = words_peek(words);
    if (next == NULL || strcmp(next, word) != 0)
        return false;
    words->next++;
    return true;
}

bool words_name(struct words *words, enum name_kind kind, CK_ULONG *number)
{
    static const char *const prefixes[] = {
        [NAME_CKR] = "CKR_", [NAME_CKO] = "CKO_",        [NAME_CKU] = "CKU_",       [NAME_CKA] = "CKA_",
        [NAME_CKM] = "CKM_", [NAME_TOKEN_FLAG] = "CKF_", [NAME_SLOT_FLAG] = "CKF_",
    };
    const char *word = words_take(words);
    if (word == NULL)
        return words_fail(words, "a %s name is missing", prefixes[kind]);
    if (!name_parse(kind, word, number))
        return words_fail(words, "\"%s\" is no %s name", word, prefixes[kind]);
    return true;
}

bool words_number(struct words *words, unsigned long max, unsigned long *number)
{
    const char *word = words_take(words);
    if (word == NULL)
        return words_fail(words, "a number is missing");
    char *end = NULL;
    errno = 0;
    *number = strtoul(word, &end, 10);
    if (word[0] < '0' || word[0] > '9' || *end != '\0' || errno != 0 || *number > max)
        return words_fail(words, "\"%s\" is no number up to %lu", word, max);
    return true;
}

bool words_text(struct words *words, struct text *text)
{
    const char *word = words_take(words);
    if (word == NULL)
        return words_fail(words, "a text is missing");
    int length = snprintf(text->at, sizeof(text->at), "%s", word);
    if (length < 0 || (size_t)length >= sizeof(text->at))
        return words_fail(words, "a text longer than %zu bytes", sizeof(text->at) - 1);
    text->given = true;
    return true;
}

bool words_rest(struct words *words, struct text *text)
{
    if (words_peek(words) == NULL)
        return words_fail(words, "a text is missing");
    size_t used = 0;
    for (const char *word; (word = words_take(words)) != NULL;) {
        int length = snprintf(text->at + used, sizeof(text->at) - used, "%s%s", used > 0 ? " " : "", word);
        if (length < 0 || (size_t)length >= sizeof(text->at) - used)
            return words_fail(words, "a text longer than %zu bytes", sizeof(text->at) - 1);
        used += (size_t)length;
    }
    text->given = true;
    return true;
}

bool words_class(struct words *words, struct optional *object_class)
{
    const char *word = words_peek(words);
    if (word == NULL || strncmp(word, "class=", 6) != 0)
        return true;
    words->next++;
    if (!name_parse(NAME_CKO, word + 6, &object_class->number))
        return words_fail(words, "\"%s\" is no CKO_ name", word + 6);
    object_class->given = true;
    return true;
}
