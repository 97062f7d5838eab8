// Which PKCS#11 token the key goes into.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/output/print.h"
#include "cli/setup/plain.h"
#include "cli/setup/setup.h"
#include "config/settings.h"
#include "core/text.h"

void setup_tokens_free(struct setup_tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        free(tokens->list[i].uri);
        free(tokens->list[i].text);
    }
    free(tokens->list);
    *tokens = (struct setup_tokens){0};
}

static void add_token(struct setup_tokens *tokens, const struct ssa_listing *line)
{
    struct setup_token *more = reallocarray(tokens->list, tokens->count + 1, sizeof *more);
    if (more == NULL) {
        tokens->lost = true;
        return;
    }
    tokens->list = more;
    struct setup_token *token = &more[tokens->count];
    token->uri = strdup(line->uri);
    if (asprintf(&token->text, "\"%s\" (%s)", line->label, line->detail) < 0)
        token->text = NULL;
    tokens->count++;
    tokens->lost = tokens->lost || token->uri == NULL || token->text == NULL;
}

static void note_module(struct setup_tokens *tokens, const struct ssa_listing *line)
{
    if (line->failed && tokens->failure[0] == '\0')
        (void)text_format(tokens->failure, sizeof tokens->failure, "%.60s: %.100s", line->label, line->detail);
}

// A token that cannot take a key is no choice, but its owner should see why.
static void take(void *context, const struct ssa_listing *line)
{
    struct setup_tokens *tokens = context;
    if (line->depth == 0)
        note_module(tokens, line);
    else if (line->unfit == NULL)
        add_token(tokens, line);
    else
        print_note("PKCS#11 token \"%s\" (%s) is no choice: %s", line->label, line->detail, line->unfit);
}

// Two tokens that look the same are told apart by their URIs.
static void tell_apart(struct setup_tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        bool twin = false;
        for (size_t k = 0; k < tokens->count; k++)
            twin = twin || (k != i && strncmp(tokens->list[i].text, tokens->list[k].text,
                                              strcspn(tokens->list[i].text, "\n")) == 0);
        char *text = NULL;
        if (!twin || asprintf(&text, "%s\n      %s", tokens->list[i].text, tokens->list[i].uri) < 0)
            continue;
        free(tokens->list[i].text);
        tokens->list[i].text = text;
    }
}

// SoftHSM's module does not even start where it has no folder for tokens: then a token may still be made.
static bool is_without_folder(const struct setup *s, const struct ssa_error *err)
{
    const char *module = settings_get(s->settings, SET_MODULE, NULL);
    return err->code == SSA_ABSENT && module != NULL && strcasestr(module, "softhsm") != NULL;
}

bool setup_list_tokens(const struct setup *s, struct setup_tokens *tokens, struct ssa_error *err)
{
    *tokens = (struct setup_tokens){0};
    if (!ssa_hsm_list(&s->run, false, take, tokens, err)) {
        if (!is_without_folder(s, err))
            return false;
        (void)text_format(tokens->failure, sizeof tokens->failure, "%.200s", err->what);
    }
    if (tokens->lost)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of PKCS#11 tokens");
    tell_apart(tokens);
    return true;
}

static bool use(struct setup *s, const struct setup_token *token, struct ssa_error *err)
{
    if (!text_format(s->token, sizeof s->token, "%s", token->uri))
        return error_set(err, SSA_UNEXPECTED, NULL, token->uri, "the URI is too long");
    print_note("PKCS#11 token %s", token->text);
    return setup_set(s, SET_TOKEN, s->token, err);
}

static bool choose(struct setup *s, const struct setup_tokens *tokens, struct ssa_error *err)
{
    const struct ssa_callbacks *callbacks = &s->run.callbacks;
    size_t choice = tokens->count;
    const char **items = calloc(tokens->count, sizeof *items);
    if (items == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the choice");
    for (size_t i = 0; i < tokens->count; i++)
        items[i] = tokens->list[i].text;
    (void)callbacks->choose(callbacks->context, "Which PKCS#11 token is the key to be on?", items, tokens->count,
                            &choice);
    free(items);
    return choice < tokens->count ? use(s, &tokens->list[choice], err)
                                  : setup_not_chosen(err, "no PKCS#11 token was chosen");
}

static bool is_named(const struct setup *s)
{
    return settings_get(s->settings, SET_TOKEN, NULL) != NULL;
}

bool setup_choose_token(struct setup *s, struct ssa_error *err)
{
    TOKENS_AUTO tokens = {.list = NULL};
    if (setup_has_key(s) || is_named(s))
        return true;
    plain_say("which PKCS#11 tokens there are", WORDS("ssa-hsm", "hsm", "list"));
    if (!setup_list_tokens(s, &tokens, err))
        return false;
    if (tokens.count == 0) {
        if (tokens.failure[0] != '\0')
            print_note("a PKCS#11 module cannot be used: %s", tokens.failure);
        if (!setup_make_softhsm_token(s, err))
            return false;
        setup_tokens_free(&tokens);
        if (!setup_list_tokens(s, &tokens, err))
            return false;
    }
    if (tokens.count == 0)
        return error_because(err, SSA_ABSENT, SSA_REASON_TOKEN_NOT_FOUND, NULL, "no PKCS#11 token is there");
    return tokens.count == 1 ? use(s, &tokens.list[0], err) : choose(s, &tokens, err);
}
