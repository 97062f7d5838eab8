// An examination under way, and its checks. Each check adds its findings, and what it has opened stays open for those
// that follow.
#pragma once

#include "doctor/agents.h"
#include "doctor/finding.h"
#include "signer/open_token.h"

struct examination {
    struct ssa_run run; // with less patience than other commands have
    const struct ssa_examination *wanted;
    struct findings found;
    struct agents agents;
    bool has_settings, has_identity;
    struct identity identity; // where has_identity
    struct pin_tries tries;
    struct open_token at;  // at.token is NULL where there is no token
    bool token_is_unclear; // the setting that names it cannot be read
    struct ssa_error token_fault;
    bool logged_in;
    unsigned requests;
};

// The names of checks, as ssa-hsm.h has them, where one file names another's.
#define CHECK_SETTINGS    "settings"
#define CHECK_IDENTITY    "identity"
#define CHECK_CLIENT_ID   "client-id"
#define CHECK_PIN_SOURCE  "pin-source"
#define CHECK_SECRET      "client-secret"
#define CHECK_MODULE_HOST "module-host"
#define CHECK_MODULE      "module"
#define CHECK_TOKEN       "token"
#define CHECK_PIN         "pin"
#define CHECK_KEY         "key"
#define CHECK_CLOCK       "clock"
#define CHECK_CREDENTIALS "credentials"
#define ROW_SETTING       "setting"
#define ROW_VERSION       "version"

// Files and memory of this machine.
void check_memory(struct examination *x);
void check_folders(struct examination *x);
void check_journal(struct examination *x);

// The settings, and what they refer to. Nothing is read from there.
void check_settings(struct examination *x);
// The same where access tokens come from an agent: there is no account, and nothing that belongs to one.
void check_settings_alone(struct examination *x);
void check_references(struct examination *x);

// PKCS#11. choose_token reads which token is meant: the key's, else the one for new keys. check_token opens it, and
// check_pin may log in.
void choose_token(struct examination *x);
void check_p11_kit(struct examination *x);
void check_pcscd(struct examination *x);
void check_modules(struct examination *x);
void check_token(struct examination *x);
void check_pin(struct examination *x);
void check_key(struct examination *x);

// The server: it is asked while modules are. network_end adds the findings.
struct network;
struct network *network_begin(const struct examination *x);
void network_end(struct examination *x, struct network **network);

// The API, with credentials.
void check_api(struct examination *x);

// The agent, if one runs.
void check_agent(struct examination *x);

void show_versions(struct examination *x);
