// A service under test, and what its callers have got.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "agent/service/service.h"

#define PROFILE(client, account, key, secret)                                                                          \
    "APS_CLIENT_ID=" client "\nAPS_SECRET_ID='" secret "'\nSERVICE_ACCOUNT_ID=" account "\nKEY_ID=" key                \
    "\nSSA_EMAIL=a@b\nPRIVATE_KEY='pkcs11:token=a;object=b;type=private'\nSSA_HSM_SCOPE='data:read'\n"

enum { SOON_MS = 5000 };

extern struct service *served;
extern atomic_uint served_warnings; // how many were told

// What callers that wait have got.
struct heard {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    unsigned count, given;
    struct ssa_error err; // the last one
    char token[64];       // the last one
    bool fresh;
};
extern struct heard heard;

// Setup and teardown of each test: the fakes and the folder are new.
int served_begin(void **state);
int served_end(void **state);

void served_profile(const char *name, const char *text);
// With the profile "a".
void served_start(void);
void served_start_with(const char *const *profiles, size_t count, unsigned lock_after);

// For service_token; the context is a struct heard.
void served_later(void *context, struct outcome *outcome);
// Until so many were answered.
void served_wait(unsigned count);
// Asks, and waits for the answer where it comes later.
bool served_get(const struct demand *demand, struct ssa_error *err);
struct profile_status served_status(size_t profile);
