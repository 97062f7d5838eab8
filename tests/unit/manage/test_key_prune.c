// Which keys are pruned, with a server, a token and a history that are made up. The profiles are files.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "config/settings.h"
#include "hsm/import/destroy.h"
#include "hsm/key/locate.h"
#include "journal/closed_entry.h"
#include "journal/journal.h"
#include "manage/account_reference.h"
#include "manage/admin_client.h"
#include "signer/open_token.h"
#include "signer/secret_token.h"

#define KEY_URI "pkcs11:token=t;id=K1"

static struct {
    struct aps_keys at_api;
    bool absent;          // the token is
    enum outcome outcome; // of the operation that made the key
    unsigned destroyed;
} world;

bool __wrap_journal_each_closed(const struct ssa_run *run, journal_visit_closed *visit, void *context,
                                struct ssa_error *err);
bool __wrap_admin_client_open_with(const struct ssa_run *run, const char *scopes, const struct client_secret *secret,
                                   struct oauth_client **client, struct ssa_error *err);
bool __wrap_client_secret_read(const struct ssa_run *run, struct client_secret *secret, enum other_token other,
                               struct open_token *keep, struct ssa_error *err);
bool __wrap_aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys,
                         struct ssa_error *err);
bool __wrap_open_token_again(const struct ssa_run *run, const char *uri, const struct open_token *opened,
                             struct open_token *target, struct ssa_error *err);
bool __wrap_open_token_officer(struct open_token *target, const struct ssa_run *run, struct ssa_error *err);
bool __wrap_key_locate(struct token *token, const struct uri *uri, const char *kid, struct key *key, uint8_t *slot,
                       enum located *located, struct ssa_error *err);
bool __wrap_destroy_key(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err);
const struct token_info *__wrap_token_info(const struct token *token);
void __wrap_token_close(struct token **token);

// K1 was made here.
bool __wrap_journal_each_closed(const struct ssa_run *run, journal_visit_closed *visit, void *context,
                                struct ssa_error *err)
{
    static struct entry made;
    (void)run;
    made = (struct entry){.operation = OP_KEY_CREATE,
                          .outcome = world.outcome,
                          .vouched = true,
                          .client_id = "client",
                          .base_url = "https://server.example",
                          .account = "A",
                          .kid = "K1",
                          .token = "pkcs11:token=t",
                          .key_uri = KEY_URI};
    return visit(context, "1", &made, err);
}

bool __wrap_admin_client_open_with(const struct ssa_run *run, const char *scopes, const struct client_secret *secret,
                                   struct oauth_client **client, struct ssa_error *err)
{
    (void)run, (void)scopes, (void)secret, (void)client, (void)err;
    return true;
}

bool __wrap_client_secret_read(const struct ssa_run *run, struct client_secret *secret, enum other_token other,
                               struct open_token *keep, struct ssa_error *err)
{
    (void)run, (void)secret, (void)other, (void)keep, (void)err;
    return true;
}

bool __wrap_aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys, struct ssa_error *err)
{
    (void)client, (void)err;
    assert_string_equal(account, "A");
    *keys = world.at_api;
    return true;
}

bool __wrap_open_token_again(const struct ssa_run *run, const char *uri, const struct open_token *opened,
                             struct open_token *target, struct ssa_error *err)
{
    (void)opened;
    (void)run;
    assert_string_equal(uri, KEY_URI);
    if (world.absent)
        return error_set(err, SSA_ABSENT, NULL, uri, "the token is not there");
    target->token = (struct token *)&world;
    return true;
}

bool __wrap_open_token_officer(struct open_token *target, const struct ssa_run *run, struct ssa_error *err)
{
    (void)target, (void)run, (void)err;
    return true;
}

bool __wrap_key_locate(struct token *token, const struct uri *uri, const char *kid, struct key *key, uint8_t *slot,
                       enum located *located, struct ssa_error *err)
{
    (void)token, (void)uri, (void)slot, (void)err;
    assert_string_equal(kid, "K1");
    *key = (struct key){0};
    *located = LOCATED;
    return true;
}

bool __wrap_destroy_key(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    (void)token, (void)key, (void)err;
    assert_string_equal(name->kid, "K1");
    world.destroyed++;
    return true;
}

const struct token_info *__wrap_token_info(const struct token *token)
{
    static const struct token_info info = {.label = "t", .uri = "pkcs11:token=t"};
    (void)token;
    return &info;
}

void __wrap_token_close(struct token **token)
{
    *token = NULL;
}

static struct unit_heard heard;

static bool prune(size_t *found, struct ssa_error *err)
{
    size_t destroyed = 0;
    struct ssa_settings *s = ssa_settings_new();
    const struct ssa_run run = {.settings = s, .callbacks = {.context = &heard, .tell = unit_tell}};
    assert_true(ssa_settings_option(s, "APS_CLIENT_ID", "client", ERROR_IGNORED));
    assert_true(ssa_settings_option(s, "SSA_HSM_BASE_URL", "https://server.example", ERROR_IGNORED));
    const bool done = ssa_key_prune(&run, true, found, &destroyed, err);
    assert_int_equal(destroyed, world.destroyed);
    ssa_settings_free(s);
    return done;
}

static void write_profile(const char *client_id, const char *key_id)
{
    char text[256];
    (void)snprintf(text, sizeof text,
                   "APS_CLIENT_ID=%s\nSERVICE_ACCOUNT_ID=A\nKEY_ID=%s\nSSA_EMAIL=e\nPRIVATE_KEY=pkcs11:token=x\n"
                   "SSA_HSM_BASE_URL=https://server.example\n",
                   client_id, key_id);
    (void)unit_write("config/ssa-hsm/p.env", text, 0600);
}

static int begin(void **state)
{
    memset(&world, 0, sizeof world);
    world.outcome = OUTCOME_DONE;
    heard = (struct unit_heard){0};
    return unit_folder(state);
}

static void what_nobody_knows_goes(void **state)
{
    (void)state;
    struct ssa_error err;
    size_t found = 0;
    SUCCEEDS(prune(&found, &err));
    assert_int_equal(found, 1);
    assert_int_equal(world.destroyed, 1);
}

static void what_the_api_knows_stays(void **state)
{
    (void)state;
    struct ssa_error err;
    size_t found = 0;
    world.at_api = (struct aps_keys){.count = 1, .list = {{.kid = "K1"}}};
    SUCCEEDS(prune(&found, &err));
    assert_int_equal(found, 0);
    assert_int_equal(world.destroyed, 0);
}

static void what_was_there_before_stays(void **state)
{
    (void)state;
    struct ssa_error err;
    size_t found = 0;
    world.outcome = OUTCOME_LEFT;
    SUCCEEDS(prune(&found, &err));
    assert_int_equal(world.destroyed, 0);
    assert_non_null(strstr(heard.line, "held nothing with this id before"));
}

static void what_a_profile_names_stays(void **state)
{
    (void)state;
    struct ssa_error err;
    size_t found = 0;
    write_profile("another", "K1");
    SUCCEEDS(prune(&found, &err));
    assert_int_equal(found, 0);
    assert_int_equal(world.destroyed, 0);
    assert_non_null(strstr(heard.line, "key K1 is left"));
}

static void a_list_without_a_key_that_is_in_use_is_not_believed(void **state)
{
    (void)state;
    struct ssa_error err;
    size_t found = 0;
    write_profile("client", "K2");
    FAILS(prune(&found, &err), SSA_CONFIG, "K2");
    assert_int_equal(world.destroyed, 0);
    world.at_api = (struct aps_keys){.count = 1, .list = {{.kid = "K2"}}};
    SUCCEEDS(prune(&found, &err));
    assert_int_equal(world.destroyed, 1);
}

static void a_token_that_is_away_is_passed_over(void **state)
{
    (void)state;
    struct ssa_error err;
    size_t found = 0;
    world.absent = true;
    SUCCEEDS(prune(&found, &err));
    assert_int_equal(found, 0);
    assert_non_null(strstr(heard.line, "is not looked at"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_nobody_knows_goes, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_the_api_knows_stays, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_was_there_before_stays, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_a_profile_names_stays, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_list_without_a_key_that_is_in_use_is_not_believed, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_token_that_is_away_is_passed_over, begin, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
