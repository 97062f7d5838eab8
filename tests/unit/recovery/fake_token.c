// The PKCS#11 token's fake.
#include "recovery/fakes.h"

#include "core/text.h"
#include "hsm/import/destroy.h"
#include "hsm/import/removal.h"
#include "hsm/import/throwaway.h"
#include "hsm/key/locate.h"
#include "hsm/key/prove.h"
#include "hsm/object/empty.h"

struct fake_token fake_token;

void fakes_begin(void)
{
    fake_api = (struct fake_api){0};
    fake_token = (struct fake_token){0};
    fake_asked[0] = '\0';
}

bool open_token_again(const struct ssa_run *run, const char *uri, const struct open_token *opened,
                      struct open_token *target, struct ssa_error *err)
{
    (void)opened;
    static char handle;
    (void)run;
    (void)uri;
    (void)err;
    fake_note("open-token", "");
    target->token = (struct token *)&handle;
    return true;
}

bool open_token_officer(struct open_token *target, const struct ssa_run *run, struct ssa_error *err)
{
    (void)target;
    (void)run;
    (void)err;
    return true;
}

void token_close(struct token **token)
{
    *token = NULL;
}

const struct token_info *token_info(const struct token *token)
{
    static const struct token_info info = {.uri = "pkcs11:token=fake"};
    (void)token;
    return &info;
}

bool token_matches(const struct token *token, const struct uri *uri)
{
    (void)token;
    (void)uri;
    return true;
}

bool slot_must_be_chosen(const struct token *token)
{
    (void)token;
    return false;
}

bool throwaway_destroy(struct token *token, const char *name, size_t *destroyed, struct ssa_error *err)
{
    (void)token;
    (void)name;
    (void)err;
    *destroyed = 0;
    return true;
}

bool empty_count_keys(struct token *token, size_t *count, struct ssa_error *err)
{
    (void)token;
    (void)err;
    *count = 0;
    return true;
}

bool key_locate(struct token *token, const struct uri *uri, const char *kid, struct key *key, uint8_t *slot,
                enum located *located, struct ssa_error *err)
{
    (void)token;
    (void)uri;
    (void)err;
    fake_note("locate", kid);
    *key = fake_token.key;
    *slot = 0;
    *located = fake_token.located;
    return true;
}

bool destroy_key(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    (void)token;
    fake_note("destroy", name->kid);
    if (fake_token.no_destruction)
        return error_set(err, SSA_TOKEN, NULL, NULL, "the token fails");
    key->private_object = key->public_object = 0;
    return true;
}

void removal_command(const struct token *token, const struct key *key, const struct key_name *name,
                     char out[static KEY_REMOVAL_MAX])
{
    (void)token;
    out[0] = '\0';
    if (key->private_object != 0)
        (void)text_format(out, KEY_REMOVAL_MAX, "remove %s", name->kid);
}

bool import_prove(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    (void)token;
    (void)key;
    fake_note("prove", name->kid);
    return error_set(err, SSA_TOKEN, NULL, NULL, "the token fails");
}

bool key_is_unfit(struct token *token, const struct key_name *name, struct key *key)
{
    (void)token;
    (void)name;
    (void)key;
    return true;
}
