// A service account and its key.
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/output/print.h"
#include "cli/setup/plain.h"
#include "cli/setup/setup.h"
#include "cli/terminal/terminal.h"
#include "config/settings.h"
#include "core/callback.h"
#include "core/text.h"

enum { LAST_LEAST = 5, LAST_MOST = 60 };

// The host's name tells whose account it is. It becomes what every published rule allows.
void setup_usual_names(struct setup *s)
{
    char host[LAST_MOST] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    for (char *c = host; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    host[strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-")] = '\0';
    (void)text_format(s->first, sizeof s->first, "service");
    (void)text_format(s->last, sizeof s->last, "%s%s", host, strlen(host) < LAST_LEAST ? "-ssa-hsm" : "");
}

static bool ask_names(struct setup *s, struct ssa_error *err)
{
    char first[API_NAME_MAX], last[API_NAME_MAX];
    memcpy(first, s->first, sizeof first);
    memcpy(last, s->last, sizeof last);
    print_note("the account is named FIRST-LAST. Its email begins with that, and people see it: say what it does.");
    return terminal_ask_text("First part of the name", first, s->first, sizeof s->first, err) &&
           terminal_ask_text("Last part of the name", last, s->last, sizeof s->last, err);
}

// The first use of client id and secret, and so the place where a wrong one is found: before it is stored anywhere.
static bool list_accounts(struct setup *s, struct ssa_accounts *accounts, struct ssa_error *err)
{
    plain_say("which accounts the client id has",
              WORDS("ssa-hsm", "account", "list", setup_client_option(s), s->client_id));
    for (;;) {
        memory_begin(&s->memory);
        const bool done = ssa_account_list(&s->run, accounts, err);
        memory_end(&s->memory, done, err);
        if (done || err->code != SSA_CREDENTIALS || settings_get(s->settings, SET_CLIENT_SECRET, NULL) != NULL)
            return done;
        print_error(err);
        if (!callback_confirms(&s->run.callbacks, "Type the client secret again?"))
            return false;
    }
}

static bool create(struct setup *s, const struct ssa_account *account, struct ssa_error *err)
{
    struct ssa_created created;
    const struct ssa_output output = {.profile = s->profile_name, .replace = setup_profile_is_there(s)};
    struct ssa_ending *ending = s->invocation->ending;
    *ending = (struct ssa_ending){.how = SSA_END_PLAIN};
    memory_begin(&s->memory);
    const bool done = account == NULL
                          ? ssa_account_create(&s->run, s->first, s->last, false, &output, &created, ending, err)
                          : ssa_key_create(&s->run, account->id, &output, &created, ending, err);
    memory_end(&s->memory, done, err);
    s->account_is_new = done && account == NULL;
    if (done)
        print_note("account %s and its key are made; the key is on the PKCS#11 token\nsaved as %s", created.email,
                   created.path);
    ssa_created_free(&created);
    return done && setup_read_profile(s, err);
}

static bool make_key(struct setup *s, const struct ssa_account *account, struct ssa_error *err)
{
    plain_say("a key for this account goes straight into the PKCS#11 token",
              WORDS("ssa-hsm", "key", "create", "--account", account->email[0] != '\0' ? account->email : account->id,
                    setup_client_option(s), s->client_id, s->token[0] != '\0' ? "--token" : "", s->token,
                    setup_profile_is_there(s) ? "--force" : ""));
    return create(s, account, err);
}

static bool make_account(struct setup *s, struct ssa_error *err)
{
    setup_usual_names(s);
    for (;;) {
        if (!ask_names(s, err))
            return false;
        plain_say("the account is made, and its key goes straight into the PKCS#11 token",
                  WORDS("ssa-hsm", "account", "create", s->first, s->last, setup_client_option(s), s->client_id,
                        s->token[0] != '\0' ? "--token" : "", s->token, setup_profile_is_there(s) ? "--force" : ""));
        if (create(s, NULL, err))
            return true;
        if (err->reason != SSA_REASON_ACCOUNT_NAME && err->reason != SSA_REASON_ACCOUNT_EXISTS &&
            err->code != SSA_USAGE)
            return false;
        print_error(err);
        if (!callback_confirms(&s->run.callbacks, "Try another name?"))
            return false;
    }
}

// One that the profile names is meant. Else the person chooses, where there is a choice. *index is the account's number
// in the list, or its length for a new account.
static bool choose(const struct setup *s, const struct ssa_accounts *accounts, size_t *index, struct ssa_error *err)
{
    const struct ssa_callbacks *callbacks = &s->run.callbacks;
    const char *own = setup_profile_value(s, SET_ACCOUNT_ID);
    *index = accounts->count;
    for (size_t i = 0; own != NULL && i < accounts->count; i++)
        if (strcmp(own, accounts->list[i].id) == 0)
            *index = i;
    if (accounts->count == 0 || *index < accounts->count)
        return true;
    const char **items = calloc(accounts->count + 1, sizeof *items);
    if (items == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the choice");
    size_t choice = accounts->count + 1;
    items[0] = "a new account";
    for (size_t i = 0; i < accounts->count; i++)
        items[i + 1] = accounts->list[i].email[0] != '\0' ? accounts->list[i].email : accounts->list[i].id;
    (void)callbacks->choose(callbacks->context, "Which account is the key for?", items, accounts->count + 1, &choice);
    free(items);
    if (choice > accounts->count)
        return setup_not_chosen(err, "no account was chosen");
    *index = choice == 0 ? accounts->count : choice - 1;
    return true;
}

bool setup_make_account(struct setup *s, struct ssa_error *err)
{
    struct ssa_accounts accounts = {0};
    size_t index = 0;
    if (setup_has_key(s)) {
        if (!s->imported)
            print_note("%s has account %s and its key already. Another account is for another profile: "
                       "`ssa-hsm setup --profile NAME`",
                       s->profile, setup_profile_value(s, SET_ACCOUNT_ID));
        return true;
    }
    if (!setup_recall_secret(s, err) || !list_accounts(s, &accounts, err))
        return false;
    bool done = choose(s, &accounts, &index, err) && setup_place_secret(s, err);
    if (done)
        done = index < accounts.count ? make_key(s, &accounts.list[index], err) : make_account(s, err);
    ssa_accounts_free(&accounts);
    return done;
}
