#include "pin/so_pin.h"

#include <strings.h>

#include "config/secret_source.h"
#include "config/settings.h"
#include "core/callback.h"
#include "core/text.h"
#include "hsm/login/login.h"

static bool ask(const struct so_pin *so, const char *name, const struct token_info *info, struct secret *pin,
                struct ssa_error *err)
{
    const struct ssa_callbacks *callbacks = &so->run->callbacks;
    char prompt[SSA_ERROR_TEXT_MAX];
    if (callbacks->ask_secret == NULL)
        return error_because(err, SSA_PIN, SSA_REASON_NOBODY_FOR_SO_PIN, info->uri, "there is nobody to ask for the %s",
                             name);
    if (!text_format(prompt, sizeof prompt, "Token \"%s\" takes a key only with its %s: ", info->label, name))
        return error_set(err, SSA_UNEXPECTED, NULL, info->uri, "the question for the %s is too long", name);
    return callback_ask_secret(callbacks, prompt, pin, err);
}

static bool give(void *context, const struct token_info *info, struct secret *pin, struct ssa_error *err)
{
    const struct so_pin *so = context;
    const char *factory = NULL, *name = login_so_pin_name(so->token, &factory);
    const char *source = settings_get(so->run->settings, SET_SO_PIN_SOURCE, NULL);
    const bool given = source != NULL ? secret_source_read(source, setting_name(SET_SO_PIN_SOURCE), so->run, pin, err)
                                      : ask(so, name, info, pin, err);
    if (given && factory != NULL && strcasecmp(secret_text(pin), factory) == 0)
        tell(&so->run->callbacks, SSA_WARNING,
             "the %s still has the factory's value: anybody who gets this PKCS#11 token can overwrite its keys", name);
    return given;
}

static void outcome(void *context, const struct token_info *info, enum pin_outcome what)
{
    (void)context;
    (void)info;
    (void)what;
}

struct pin_giver so_pin_giver(struct so_pin *so)
{
    return (struct pin_giver){.context = so, .give = give, .outcome = outcome};
}
