// In which session of a signer's login a thread signs. The first one is that of the login. It also serves all that is
// no signature. Others, lanes, are opened where several threads want to sign at the same time, and the token lets them.
#pragma once

#include <pthread.h>

#include "hsm/key/key.h"
#include "hsm/uri/uri.h"

struct token;

enum { LANES_MAX = 3 }; // beside the first session

struct lane {
    struct token *token; // NULL: it is not open
    struct key key;
    bool taken;
};

struct lanes {
    pthread_mutex_t lock; // for all that follows, and never for long
    pthread_cond_t first_left, any_left, all_left;
    unsigned wait_first, wait_any; // so many threads
    bool first_taken;
    bool closing; // no lane can be taken
    unsigned taken;
    unsigned failures; // of lanes, since one of them has signed
    struct lane lane[LANES_MAX];
};

void lanes_init(struct lanes *lanes);
void lanes_destroy(struct lanes *lanes);

// Waits for the first session.
void lanes_take_first(struct lanes *lanes);
void lanes_leave_first(struct lanes *lanes);

// Waits for the first session, or an open lane. NULL: it is the first session. *crowded becomes whether there was none
// at once.
struct lane *lanes_take(struct lanes *lanes, bool *crowded);

// After it: the lane is left. One that has failed is closed, since its session may be over.
void lanes_leave(struct lanes *lanes, struct lane *lane, bool failed);

// With the first session, which has the same key: opens and takes one more lane. NULL where that is not possible; then
// it was not the first session that failed.
struct lane *lanes_open(struct lanes *lanes, const struct token *token, const struct uri *uri, const struct key *key);

// With the first session: waits until all lanes are left, and closes them.
void lanes_close(struct lanes *lanes);
