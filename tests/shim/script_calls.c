/* Parses rules about calls: CALL WHEN… ACTION… */
#include "words.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static bool parse_call(struct words *words, enum call_id *call)
{
    const char *word = words_take(words);
    *call = ANY_CALL;
    if (strcmp(word, "*") == 0)
        return true;
    for (int i = 0; i < CALL_COUNT; i++) {
        if (strcmp(call_names[i], word) == 0) {
            *call = (enum call_id)i;
            return true;
        }
    }
    return words_fail(words, "\"%s\" is no function of PKCS#11", word);
}

/* N, N+, N-M or * */
static bool parse_count(const struct words *words, const char *word, struct rule *rule)
{
    rule->first = 1;
    rule->last = ULONG_MAX;
    if (strcmp(word, "*") == 0)
        return true;
    char *end = NULL;
    errno = 0;
    rule->first = strtoul(word, &end, 10);
    rule->last = rule->first;
    if (*end == '+' && end[1] == '\0') {
        rule->last = ULONG_MAX;
        end++;
    } else if (*end == '-' && end[1] >= '0' && end[1] <= '9') {
        rule->last = strtoul(end + 1, &end, 10);
    }
    if (errno != 0 || *end != '\0' || rule->first == 0 || rule->last < rule->first)
        return words_fail(words, "\"%s\" is not N, N+, N-M or *", word);
    return true;
}

static bool parse_filter(const struct words *words, const char *word, struct filter *filter)
{
    static const struct {
        const char *key;
        enum name_kind kind;
        size_t offset;
    } keys[] = {
        {"class=", NAME_CKO, offsetof(struct filter, object_class)},
        {"attr=", NAME_CKA, offsetof(struct filter, attribute)},
        {"lacks=", NAME_CKA, offsetof(struct filter, lacking)},
        {"user=", NAME_CKU, offsetof(struct filter, user)},
        {"mech=", NAME_CKM, offsetof(struct filter, mechanism)},
    };
    if (strcmp(word, "pin=null") == 0) {
        filter->pin = PIN_NULL;
        return true;
    }
    if (strcmp(word, "pin=empty") == 0) {
        filter->pin = PIN_EMPTY;
        return true;
    }
    if (strcmp(word, "certificate=none") == 0) {
        filter->without_certificate = true;
        return true;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t length = strlen(keys[i].key);
        if (strncmp(word, keys[i].key, length) != 0)
            continue;
        struct optional *field = (struct optional *)(void *)((char *)filter + keys[i].offset);
        field->given = true;
        if (name_parse(keys[i].kind, word + length, &field->number))
            return true;
        return words_fail(words, "\"%s\": unknown name", word);
    }
    return words_fail(
        words, "\"%s\": a filter is class=, attr=, lacks=, user=, mech=, pin=null, pin=empty or certificate=none",
        word);
}

static bool parse_when(struct words *words, struct rule *rule)
{
    bool any = false;
    rule->first = 1;
    rule->last = ULONG_MAX;
    for (const char *word; (word = words_peek(words)) != NULL; any = true) {
        bool count = (word[0] >= '0' && word[0] <= '9') || word[0] == '*';
        if (!count && strchr(word, '=') == NULL)
            break;
        words->next++;
        if (count ? !parse_count(words, word, rule) : !parse_filter(words, word, &rule->filter))
            return false;
    }
    if (!any)
        return words_fail(words, "when? (N, N+, N-M, * or a filter)");
    return true;
}

static int signal_number(const char *name)
{
    if (name == NULL)
        return 0;
    if (strncmp(name, "SIG", 3) == 0)
        name += 3;
    for (int number = 1; number < NSIG; number++) {
        const char *known = sigabbrev_np(number);
        if (known != NULL && strcmp(known, name) == 0)
            return number;
    }
    return 0;
}

static void parse_side(struct words *words, struct action *action)
{
    if (words_take_if(words, "after"))
        action->after = true;
    else
        words_take_if(words, "before");
}

static bool parse_signal(struct words *words, struct action *action, int fallback)
{
    int number = signal_number(words_peek(words));
    if (number != 0)
        words->next++;
    else if (fallback == 0)
        return words_fail(words, "which signal?");
    action->signal = number != 0 ? number : fallback;
    return true;
}

static bool parse_path(struct words *words, struct action *action)
{
    struct text text;
    if (!words_text(words, &text))
        return false;
    memcpy(action->path, text.at, sizeof(action->path));
    return true;
}

static bool parse_remove(struct words *words, struct action *action)
{
    parse_side(words, action);
    action->rv = CKR_DEVICE_REMOVED;
    const char *next = words_peek(words);
    return next == NULL || strncmp(next, "CKR_", 4) != 0 || words_name(words, NAME_CKR, &action->rv);
}

static bool parse_action(struct words *words, struct action *action)
{
    const char *word = words_take(words);
    unsigned long ms = 0;
    bool after = strncmp(word, "after-", 6) == 0;
    bool good = true;
    action->after = after;
    if (strcmp(word, "return") == 0 || strcmp(word, "after-return") == 0) {
        action->kind = ACT_RETURN;
        return words_name(words, NAME_CKR, &action->rv);
    }
    if (strcmp(word, "sleep") == 0 || strcmp(word, "after-sleep") == 0) {
        action->kind = ACT_SLEEP;
        good = words_number(words, 3600000, &ms);
        action->ms = (unsigned int)ms;
        return good;
    }
    if (strcmp(word, "remove") == 0) {
        action->kind = ACT_REMOVE;
        return parse_remove(words, action);
    }
    if (strcmp(word, "corrupt") == 0 || strcmp(word, "blind") == 0) {
        action->kind = word[0] == 'c' ? ACT_CORRUPT : ACT_BLIND;
        action->after = true;
        return true;
    }
    if (strcmp(word, "claim") == 0) {
        action->kind = ACT_CLAIM;
        action->after = true;
        return words_number(words, LONG_MAX, &action->count);
    }
    if (strcmp(word, "kill") == 0 || strcmp(word, "kill-module") == 0) {
        action->kind = ACT_KILL;
        action->own = word[4] != '\0';
        good = parse_signal(words, action, SIGKILL);
    } else if (strcmp(word, "crash") == 0) {
        action->kind = ACT_KILL;
        action->own = true;
        action->signal = SIGSEGV;
    } else if (strcmp(word, "signal") == 0) {
        action->kind = ACT_SIGNAL;
        good = parse_signal(words, action, 0);
    } else if (strcmp(word, "insert") == 0) {
        action->kind = ACT_INSERT;
    } else if (strcmp(word, "touch") == 0 || strcmp(word, "wait") == 0) {
        action->kind = word[0] == 't' ? ACT_TOUCH : ACT_WAIT;
        good = parse_path(words, action);
    } else {
        return words_fail(words, "\"%s\" is no action", word);
    }
    parse_side(words, action);
    return good;
}

/* A rule that can never match is a test that passes for nothing. */
static bool check(const struct words *words, const struct rule *rule)
{
    bool login = rule->call == ID_C_Login || rule->call == ANY_CALL;
    if ((rule->filter.user.given || rule->filter.pin != PIN_ANY) && !login)
        return words_fail(words, "user= and pin= go with C_Login");
    for (size_t i = 0; i < rule->action_count; i++) {
        if (rule->actions[i].kind == ACT_CORRUPT && rule->call != ID_C_Sign && rule->call != ID_C_SignFinal)
            return words_fail(words, "corrupt goes with C_Sign and C_SignFinal");
        if (rule->actions[i].kind == ACT_BLIND && rule->call != ID_C_FindObjects)
            return words_fail(words, "blind goes with C_FindObjects");
        if (rule->actions[i].kind == ACT_CLAIM && rule->call != ID_C_FindObjects && rule->call != ID_C_Sign &&
            rule->call != ID_C_GetSlotList)
            return words_fail(words, "claim goes with C_FindObjects, C_GetSlotList and C_Sign");
    }
    return true;
}

bool parse_call_rule(struct words *words, struct script *into)
{
    if (into->rule_count == MAX_RULES)
        return words_fail(words, "more than %d rules", MAX_RULES);
    struct rule rule = {.line = words->line};
    if (!parse_call(words, &rule.call) || !parse_when(words, &rule))
        return false;
    if (words_peek(words) == NULL)
        return words_fail(words, "no action");
    while (words_peek(words) != NULL) {
        if (rule.action_count == MAX_ACTIONS)
            return words_fail(words, "more than %d actions", MAX_ACTIONS);
        if (!parse_action(words, &rule.actions[rule.action_count++]))
            return false;
    }
    if (!check(words, &rule))
        return false;
    into->rules[into->rule_count++] = rule;
    return true;
}
