#include "cli/advice/fit.h"

#include "core/text.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";
static const char *const words[] = {" or ", " and "};

// The first option of a sentence that is not accepted; NULL where there is none. *len is its length with the dashes.
static char *find_foreign(char *sentence, const char *end, advice_accepts *accepts, size_t *len)
{
    bool quoted = false;
    for (char *at = sentence; at < end; at++) {
        quoted = quoted != (*at == '`');
        if (quoted || strncmp(at, "--", 2) != 0 || (at > sentence && at[-1] != ' '))
            continue;
        *len = strspn(at, letters);
        if (*len > 2 && !accepts(at + 2, *len - 2))
            return at;
    }
    return NULL;
}

static void cut(char *from, const char *to)
{
    memmove(from, to, strlen(to) + 1);
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

// Takes out the option alone, where a setting stands beside it.
static bool cut_beside_setting(const char *sentence, char *option, size_t len)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        const size_t word = strlen(words[i]);
        if (strncmp(option + len, words[i], word) == 0 && is_capital(option[len + word])) {
            cut(option, option + len + word);
            return true;
        }
        char *before = option - word;
        if ((size_t)(option - sentence) > word && strncmp(before, words[i], word) == 0 && is_capital(before[-1])) {
            cut(before, option + len);
            return true;
        }
    }
    return false;
}

void advice_fit(char *text, advice_accepts *accepts)
{
    static const char stop[] = ". ";
    size_t len = 0;
    for (char *sentence = text; *sentence != '\0';) {
        const char *found = strstr(sentence, stop);
        char *next = found != NULL ? sentence + (found - sentence) + sizeof stop - 1 : sentence + strlen(sentence);
        char *option = find_foreign(sentence, next, accepts, &len);
        if (option == NULL)
            sentence = next;
        else if (!cut_beside_setting(sentence, option, len))
            cut(sentence, next);
    }
    const size_t left = strlen(text);
    if (left > 0 && text[left - 1] == ' ')
        text[left - 1] = '\0';
}
