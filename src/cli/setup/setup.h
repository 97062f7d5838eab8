// ssa-hsm setup: the guided way. Each step looks first whether it is done already, says the plain command that does the
// same, and calls the library's function of that command. So a run that was interrupted can be run again.
#pragma once

#include "cli/command/command.h"
#include "cli/setup/memory.h"
#include "config/old_block.h"
#include "config/paths.h"
#include "core/api.h"
#include "core/fingerprint.h"
#include "hsm/uri/uri.h"
#include "hsm/uri/uri_text.h"

enum { SETUP_TEXT_MAX = 256 };

// The old file: a block of names with a private key. Values are copied, but no secret.
struct setup_old {
    char path[PATH_TEXT_MAX];     // empty where there is none
    char key_path[PATH_TEXT_MAX]; // the file that has the key; empty where the block has it
    char client_id[API_ID_MAX], account[API_ID_MAX], kid[API_ID_MAX];
    char other[OLD_NAME_MAX];       // what else the file has; empty for nothing
    char modulus[FINGERPRINT_TEXT]; // the fingerprint of its key
    bool has_secret;
    bool spent; // the file that has the key is gone, as after a run that destroyed it
};

struct setup {
    const struct invocation *invocation;
    struct ssa_settings *settings;
    struct ssa_run run; // with the callbacks of memory.c
    struct memory memory;
    char profile[PATH_TEXT_MAX];      // the profile's path
    const char *profile_name;         // as it was given, or NULL
    char token[URI_TEXT_MAX];         // the chosen PKCS#11 token; empty where the settings name it
    char client_id[SETUP_TEXT_MAX];   // as it was typed
    char usual_client_id[API_ID_MAX]; // of an earlier operation; empty for none
    char client_secret[URI_TEXT_MAX]; // the URI of the data object that has it; empty for none
    size_t interrupted;               // operations that must be recovered
    char first[API_NAME_MAX], last[API_NAME_MAX];
    struct setup_old old;
    bool imported;       // in this run
    bool account_is_new; // made in this run: nobody has given it access yet
    bool secret_in_file; // a person said that the client secret may be in the profile
};

// NULL with err filled where there is no memory.
struct setup *setup_new(const struct invocation *i, struct ssa_error *err);
void setup_free(struct setup **s);
#define SETUP_AUTO __attribute__((cleanup(setup_free))) struct setup

// What the profile has already.
const char *setup_profile_value(const struct setup *s, enum setting id);
bool setup_has_account(const struct setup *s);
bool setup_has_key(const struct setup *s);

// Whether the profile's file exists, so that it is to be replaced.
bool setup_profile_is_there(const struct setup *s);

// "--client-id" for a plain command, or "" where the command knows the client id without it.
const char *setup_client_option(const struct setup *s);

// Reads the profile again, which a step has written.
bool setup_read_profile(struct setup *s, struct ssa_error *err) MUST_CHECK;

// Sets a setting as an option does. value is borrowed until the end.
bool setup_set(struct setup *s, enum setting id, const char *value, struct ssa_error *err) MUST_CHECK;

// The error of a profile that is itself an old file with a key. Returns false.
bool setup_refuse_profile(const struct setup *s, struct ssa_error *err);

// The error of a person who said no. Returns false.
bool setup_declined(struct ssa_error *err, const char *what);

// The error of a person who typed no number. Returns false.
bool setup_not_chosen(struct ssa_error *err, const char *what);

// The steps, in their order.
bool setup_look_at_journal(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_find_old_file(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_choose_token(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_ask_client(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_recover(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_import(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_make_account(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_move_secret(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_prove(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_retire_old_file(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_say_next(struct setup *s, struct ssa_error *err) MUST_CHECK;

// Looks at an old file without a question. Leaves s->old.path empty where it has no key. Fails where it cannot be
// understood.
bool setup_read_old(struct setup *s, const char *path, struct ssa_error *err) MUST_CHECK;

// Offers the client secret that an earlier run has put on a PKCS#11 token.
bool setup_recall_secret(struct setup *s, struct ssa_error *err) MUST_CHECK;

// Puts the client secret on the PKCS#11 token, if the person wants it and the token takes it, before there is a profile
// that has it. Else asks whether it may be in the profile.
bool setup_place_secret(struct setup *s, struct ssa_error *err) MUST_CHECK;

struct setup_token {
    char *uri, *text; // text is for people, label first
};

// The PKCS#11 tokens that are there.
struct setup_tokens {
    struct setup_token *list;
    size_t count;
    char failure[SETUP_TEXT_MAX]; // of the first module that cannot be used; empty for none
    bool lost;                    // there was no memory for one
};
bool setup_list_tokens(const struct setup *s, struct setup_tokens *tokens, struct ssa_error *err) MUST_CHECK;
void setup_tokens_free(struct setup_tokens *tokens);
#define TOKENS_AUTO __attribute__((cleanup(setup_tokens_free))) struct setup_tokens

// Has SoftHSM's own tool make a PKCS#11 token, where there is none.
bool setup_make_softhsm_token(struct setup *s, struct ssa_error *err) MUST_CHECK;
bool setup_plan_softhsm_token(struct setup *s, struct ssa_error *err) MUST_CHECK;

// Prints what would be done, as commands.
bool setup_print_plan(struct setup *s, struct ssa_error *err) MUST_CHECK;

// Usual names of a new account.
void setup_usual_names(struct setup *s);
