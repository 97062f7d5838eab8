/* Parses rules about what the token is: one small function for each first word, and a table of them. */
#include "words.h"

#include <stdlib.h>
#include <string.h>

static bool parse_flags(struct words *words, enum name_kind kind, struct flag_change *change)
{
    if (words_peek(words) == NULL)
        return words_fail(words, "+CKF_… or -CKF_… is missing");
    for (const char *word; (word = words_take(words)) != NULL;) {
        CK_ULONG flag = 0;
        if ((word[0] != '+' && word[0] != '-') || !name_parse(kind, word + 1, &flag))
            return words_fail(words, "\"%s\" is no + or - and flag", word);
        CK_FLAGS *on = word[0] == '+' ? &change->set : &change->clear;
        CK_FLAGS *off = word[0] == '+' ? &change->clear : &change->set;
        *on |= flag;
        *off &= ~flag;
    }
    return true;
}

static bool parse_hex(const char *hex, struct attribute_rule *rule)
{
    size_t digits = strlen(hex);
    if (digits == 0 || digits % 2 != 0 || digits / 2 > MAX_VALUE || strspn(hex, "0123456789abcdefABCDEF") != digits)
        return false;
    for (size_t i = 0; i < digits / 2; i++) {
        char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        rule->value[i] = (unsigned char)strtoul(byte, NULL, 16);
    }
    rule->length = digits / 2;
    return true;
}

static void set_value(struct attribute_rule *rule, const void *bytes, size_t length)
{
    if (length > sizeof(rule->value))
        length = sizeof(rule->value);
    memcpy(rule->value, bytes, length);
    rule->length = length;
}

/* true, false, absent, 0x… (bytes), text:…, ulong:…, length:… */
static bool parse_value(struct words *words, struct attribute_rule *rule)
{
    const char *word = words_take(words);
    if (word == NULL)
        return words_fail(words, "a value is missing");
    CK_BBOOL truth = strcmp(word, "true") == 0;
    if (truth || strcmp(word, "false") == 0) {
        set_value(rule, &truth, sizeof(truth));
    } else if (strcmp(word, "absent") == 0) {
        rule->absent = true;
    } else if (strncmp(word, "length:", 7) == 0) {
        char *end = NULL;
        rule->length_alone = true;
        rule->length = strtoul(word + 7, &end, 0);
        if (word[7] == '\0' || *end != '\0')
            return words_fail(words, "\"%s\" is no length", word + 7);
    } else if (strncmp(word, "text:", 5) == 0) {
        if (strlen(word + 5) > MAX_VALUE)
            return words_fail(words, "a value longer than %d bytes", MAX_VALUE);
        set_value(rule, word + 5, strlen(word + 5));
    } else if (strncmp(word, "ulong:", 6) == 0) {
        char *end = NULL;
        CK_ULONG number = strtoul(word + 6, &end, 0);
        if (word[6] == '\0' || *end != '\0')
            return words_fail(words, "\"%s\" is no number", word + 6);
        set_value(rule, &number, sizeof(number));
    } else if (strncmp(word, "0x", 2) != 0 || !parse_hex(word + 2, rule)) {
        return words_fail(words, "\"%s\" is not true, false, absent, 0x…, text:…, ulong:… or length:…", word);
    }
    return true;
}

static bool parse_attribute_rule(struct words *words, struct attribute_rules *rules, bool with_value)
{
    if (rules->count == MAX_ATTRIBUTES)
        return words_fail(words, "more than %d attributes", MAX_ATTRIBUTES);
    struct attribute_rule *rule = &rules->at[rules->count];
    if (!words_name(words, NAME_CKA, &rule->type) || (with_value && !parse_value(words, rule)))
        return false;
    if (!words_class(words, &rule->object_class))
        return false;
    rule->on_token = words_take_if(words, "on-token");
    rule->while_new = with_value && words_take_if(words, "while-new");
    rules->count++;
    return true;
}

static bool parse_mechanisms(struct words *words, struct mechanisms *list)
{
    if (words_peek(words) == NULL)
        return words_fail(words, "a CKM_ name is missing");
    while (words_peek(words) != NULL) {
        if (list->count == MAX_MECHANISMS)
            return words_fail(words, "more than %d mechanisms", MAX_MECHANISMS);
        if (!words_name(words, NAME_CKM, &list->at[list->count]))
            return false;
        list->count++;
    }
    return true;
}

/* The texts of the token that the wrapped module calls so; NULL is all tokens. */
static struct token_texts *texts_of(struct words *words, struct script *into, const struct text *called)
{
    if (into->token_count == 0)
        into->token_count = 1;
    if (called == NULL)
        return &into->tokens[0];
    for (size_t i = 1; i < into->token_count; i++)
        if (strcmp(into->tokens[i].called.at, called->at) == 0)
            return &into->tokens[i];
    if (into->token_count == MAX_TOKENS) {
        words_fail(words, "more than %d tokens", MAX_TOKENS - 1);
        return NULL;
    }
    into->tokens[into->token_count].called = *called;
    return &into->tokens[into->token_count++];
}

static bool parse_token_text(struct words *words, struct script *into, const struct text *called)
{
    static const char *const names[] = {"label", "serial", "manufacturer", "model"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!words_take_if(words, names[i]))
            continue;
        struct token_texts *texts = texts_of(words, into, called);
        if (texts == NULL)
            return false;
        struct text *const fields[] = {&texts->label, &texts->serial, &texts->maker, &texts->model};
        return words_rest(words, fields[i]);
    }
    return words_fail(words, "token called TEXT label, serial, manufacturer or model?");
}

static bool parse_token(struct words *words, struct script *into)
{
    if (words_take_if(words, "flags"))
        return parse_flags(words, NAME_TOKEN_FLAG, &into->token_flags);
    if (words_take_if(words, "called")) {
        struct text called = {.given = false};
        return words_text(words, &called) && parse_token_text(words, into, &called);
    }
    if (words_take_if(words, "absent-while"))
        return words_text(words, &into->absent_while);
    if (words_take_if(words, "another-while"))
        return words_text(words, &into->another_while);
    if (words_take_if(words, "firmware")) {
        into->firmware.given = true;
        return words_number(words, 255, &into->firmware.major) && words_number(words, 255, &into->firmware.minor);
    }
    if (words_take_if(words, "pinlen")) {
        into->pin_min.given = into->pin_max.given = true;
        return words_number(words, 255, &into->pin_min.number) && words_number(words, 255, &into->pin_max.number);
    }
    const char *word = words_peek(words);
    if (word == NULL || (strcmp(word, "label") != 0 && strcmp(word, "serial") != 0 &&
                         strcmp(word, "manufacturer") != 0 && strcmp(word, "model") != 0))
        return words_fail(words, "token flags, called, label, serial, manufacturer, model, firmware, pinlen, "
                                 "absent-while or another-while?");
    return parse_token_text(words, into, NULL);
}

static bool parse_slot(struct words *words, struct script *into)
{
    if (!words_take_if(words, "flags"))
        return words_fail(words, "slot flags?");
    return parse_flags(words, NAME_SLOT_FLAG, &into->slot_flags);
}

static bool parse_info(struct words *words, struct script *into)
{
    if (words_take_if(words, "manufacturer"))
        return words_rest(words, &into->manufacturer);
    if (words_take_if(words, "description"))
        return words_rest(words, &into->description);
    return words_fail(words, "info manufacturer or description?");
}

static bool parse_mechanism(struct words *words, struct script *into)
{
    if (words_take_if(words, "hide"))
        return parse_mechanisms(words, &into->hidden);
    if (words_take_if(words, "only"))
        return parse_mechanisms(words, &into->only);
    if (words_take_if(words, "rsa-aes-wrap"))
        return into->rsa_aes_wrap = true;
    if (words_take_if(words, "rename")) {
        struct mechanisms names = {0};
        if (!parse_mechanisms(words, &names))
            return false;
        if (names.count != 2)
            return words_fail(words, "mechanism rename: one name and its new one?");
        into->renamed.given = true;
        into->renamed.from = names.at[0];
        into->renamed.to = names.at[1];
        return true;
    }
    return words_fail(words, "mechanism hide, only, rename or rsa-aes-wrap?");
}

static bool parse_attribute(struct words *words, struct script *into)
{
    return parse_attribute_rule(words, &into->reported, true);
}

static bool parse_template(struct words *words, struct script *into)
{
    if (words_take_if(words, "refuse"))
        return parse_attribute_rule(words, &into->refused, false);
    if (words_take_if(words, "drop"))
        return parse_attribute_rule(words, &into->dropped, false);
    if (words_take_if(words, "complete-rsa"))
        return into->complete_rsa = true;
    if (!words_take_if(words, "set"))
        return words_fail(words, "template refuse, drop, set or complete-rsa?");
    if (!parse_attribute_rule(words, &into->forced, true))
        return false;
    if (into->forced.at[into->forced.count - 1].absent)
        return words_fail(words, "set … absent is spelled drop");
    if (into->forced.at[into->forced.count - 1].length_alone)
        return words_fail(words, "length: goes with attribute");
    return true;
}

static bool parse_create(struct words *words, struct script *into)
{
    if (words_take_if(words, "replaces"))
        return into->create_replaces = true;
    if (!words_take_if(words, "needs") || !words_take_if(words, "SO"))
        return words_fail(words, "create needs SO, or replaces?");
    struct optional class = {.number = CKO_PRIVATE_KEY};
    if (!words_class(words, &class))
        return false;
    if (into->create_needs_so.count == MAX_MECHANISMS)
        return words_fail(words, "more than %d classes", MAX_MECHANISMS);
    into->create_needs_so.at[into->create_needs_so.count++] = class.number;
    return true;
}

static bool parse_generate(struct words *words, struct script *into)
{
    if (!words_take_if(words, "from"))
        return words_fail(words, "generate from?");
    return words_text(words, &into->ready_pair);
}

static bool parse_find(struct words *words, struct script *into)
{
    if (words_take_if(words, "repeats"))
        return into->find_repeats = true;
    if (words_take_if(words, "endless"))
        return into->find_endless = true;
    if (!words_take_if(words, "needs") || !words_take_if(words, "certificate"))
        return words_fail(words, "find needs certificate, repeats or endless?");
    return into->find_needs_certificate = true;
}

static bool parse_so_pin(struct words *words, struct script *into)
{
    if (!words_text(words, &into->so_pin))
        return false;
    if (!words_take_if(words, "user-pin"))
        return words_fail(words, "so-pin TEXT user-pin TEXT?");
    return words_text(words, &into->user_pin);
}

static bool parse_pin(struct words *words, struct script *into)
{
    if (!words_take_if(words, "tries") || !words_number(words, 1000, &into->pin_tries))
        return words_fail(words, "pin tries N?");
    if (into->pin_tries == 0)
        return words_fail(words, "no tries at all: use C_Login * return CKR_PIN_LOCKED");
    into->pin_silent = words_take_if(words, "silent");
    if (words_take_if(words, "quiet"))
        return words_number(words, 1000, &into->pin_quiet);
    return true;
}

static bool parse_protected_path(struct words *words, struct script *into)
{
    return words_text(words, &into->protected_pin);
}

static bool parse_always_authenticate(struct words *words, struct script *into)
{
    (void)words;
    return into->always_authenticate = true;
}

static bool parse_initialize(struct words *words, struct script *into)
{
    if (!words_take_if(words, "needs-reserved"))
        return words_fail(words, "initialize needs-reserved?");
    return into->needs_reserved = true;
}

static bool parse_session(struct words *words, struct script *into)
{
    if (!words_take_if(words, "no-read-only"))
        return words_fail(words, "session no-read-only?");
    return into->no_read_only = true;
}

static bool parse_list(struct words *words, struct script *into)
{
    if (!words_take_if(words, "lacks") || words_peek(words) == NULL)
        return words_fail(words, "list lacks C_…?");
    for (const char *word; (word = words_take(words)) != NULL;) {
        size_t id = 0;
        while (id < CALL_COUNT && strcmp(call_names[id], word) != 0)
            id++;
        if (id == CALL_COUNT)
            return words_fail(words, "\"%s\" is no function", word);
        into->lacks[id] = true;
    }
    return true;
}

static bool parse_counting(struct words *words, struct script *into)
{
    if (!words_take_if(words, "across-processes"))
        return words_fail(words, "count across-processes?");
    if (getenv("SSA_SHIM_STATE") == NULL)
        return words_fail(words, "count across-processes needs SSA_SHIM_STATE");
    return into->count_across_processes = true;
}

bool parse_state_rule(struct words *words, struct script *into)
{
    static const struct {
        const char *word;
        bool (*parse)(struct words *words, struct script *into);
    } kinds[] = {
        {"token", parse_token},
        {"slot", parse_slot},
        {"info", parse_info},
        {"mechanism", parse_mechanism},
        {"attribute", parse_attribute},
        {"template", parse_template},
        {"create", parse_create},
        {"generate", parse_generate},
        {"find", parse_find},
        {"so-pin", parse_so_pin},
        {"pin", parse_pin},
        {"protected-path", parse_protected_path},
        {"always-authenticate", parse_always_authenticate},
        {"initialize", parse_initialize},
        {"session", parse_session},
        {"count", parse_counting},
        {"list", parse_list},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (words_take_if(words, kinds[i].word))
            return kinds[i].parse(words, into);
    return words_fail(words, "\"%s\" begins no rule", words_peek(words));
}
