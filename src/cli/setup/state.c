// What the steps share: the settings and the profile, and questions to the person.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/process/interrupt.h"
#include "cli/setup/setup.h"
#include "config/settings.h"
#include "core/text.h"

const char *setup_profile_value(const struct setup *s, enum setting id)
{
    const char *value = settings_from(s->settings, FROM_PROFILE, id);
    return text_present(value) ? value : NULL;
}

bool setup_has_account(const struct setup *s)
{
    return setup_profile_value(s, SET_ACCOUNT_ID) != NULL;
}

bool setup_has_key(const struct setup *s)
{
    const char *key = setup_profile_value(s, SET_PRIVATE_KEY);
    return setup_has_account(s) && setup_profile_value(s, SET_KEY_ID) != NULL && key != NULL && uri_text_is_uri(key);
}

bool setup_read_profile(struct setup *s, struct ssa_error *err)
{
    return ssa_settings_profile(s->settings, s->profile, true, &s->run.callbacks, err);
}

bool setup_set(struct setup *s, enum setting id, const char *value, struct ssa_error *err)
{
    return ssa_settings_option(s->settings, setting_name(id), value, err);
}

static bool not_agreed(struct ssa_error *err, const char *what, const char *why)
{
    if (interrupt_signal() != 0)
        return error_set(err, SSA_USAGE, NULL, NULL, "interrupted");
    return error_set(err, SSA_DECLINED, NULL, NULL, "%s: %s", what, why);
}

bool setup_declined(struct ssa_error *err, const char *what)
{
    return not_agreed(err, what, "you did not say yes");
}

bool setup_not_chosen(struct ssa_error *err, const char *what)
{
    return not_agreed(err, what, "no number was typed");
}

bool setup_profile_is_there(const struct setup *s)
{
    return access(s->profile, F_OK) == 0;
}

const char *setup_client_option(const struct setup *s)
{
    return s->client_id[0] != '\0' ? "--client-id" : "";
}

// It is imported by a command of its own, which replaces the file.
bool setup_refuse_profile(const struct setup *s, struct ssa_error *err)
{
    char word[SHELL_WORD_ROOM(PATH_TEXT_MAX)];
    error_set(err, SSA_CONFIG, NULL, s->profile, "the profile holds the private key itself");
    if (!text_shell_word(word, sizeof word, s->profile))
        return false;
    return error_hint(
        err, "`ssa-hsm key import %s --force` puts the key into a PKCS#11 token. Then run `ssa-hsm setup`.", word);
}

// The callbacks are those of every command, but for the question for a secret.
static const struct ssa_callbacks *usual(const struct setup *s)
{
    return &s->invocation->run.callbacks;
}

static bool ask_secret(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                       struct ssa_error *err)
{
    struct setup *s = context;
    return memory_ask(&s->memory, prompt, answer, capacity, len, err);
}

static bool confirm(void *context, const char *question)
{
    const struct setup *s = context;
    return usual(s)->confirm(usual(s)->context, question);
}

static bool choose(void *context, const char *question, const char *const *items, size_t count, size_t *choice)
{
    const struct setup *s = context;
    return usual(s)->choose(usual(s)->context, question, items, count, choice);
}

static void tell(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    const struct setup *s = context;
    usual(s)->tell(usual(s)->context, level, notice);
}

static bool interrupted(void *context)
{
    const struct setup *s = context;
    return usual(s)->interrupted(usual(s)->context);
}

static void recorded(void *context, const struct ssa_event *event)
{
    const struct setup *s = context;
    usual(s)->recorded(usual(s)->context, event);
}

void setup_free(struct setup **s)
{
    if (*s != NULL)
        memory_free(&(*s)->memory);
    free(*s);
}

struct setup *setup_new(const struct invocation *i, struct ssa_error *err)
{
    struct setup *s = calloc(1, sizeof *s);
    if (s == NULL) {
        error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the setup");
        return NULL;
    }
    s->invocation = i;
    s->settings = i->settings;
    s->run = i->run;
    s->run.callbacks.context = s;
    s->run.callbacks.ask_secret = ask_secret;
    s->run.callbacks.confirm = confirm;
    s->run.callbacks.choose = choose;
    s->run.callbacks.tell = tell;
    s->run.callbacks.interrupted = interrupted;
    s->run.callbacks.recorded = recorded;
    return s;
}
