#include "signer/lanes.h"

#include "hsm/key/key_find.h"
#include "hsm/token/lane.h"

// After so many lanes that failed one after the other, none is opened any more: what works in the first session may be
// beyond a module's others.
enum { FAILURES_MAX = 4 };

void lanes_init(struct lanes *lanes)
{
    (void)pthread_mutex_init(&lanes->lock, NULL);
    (void)pthread_cond_init(&lanes->first_left, NULL);
    (void)pthread_cond_init(&lanes->any_left, NULL);
    (void)pthread_cond_init(&lanes->all_left, NULL);
}

void lanes_destroy(struct lanes *lanes)
{
    (void)pthread_cond_destroy(&lanes->all_left);
    (void)pthread_cond_destroy(&lanes->any_left);
    (void)pthread_cond_destroy(&lanes->first_left);
    (void)pthread_mutex_destroy(&lanes->lock);
}

void lanes_take_first(struct lanes *lanes)
{
    (void)pthread_mutex_lock(&lanes->lock);
    lanes->wait_first++;
    while (lanes->first_taken)
        (void)pthread_cond_wait(&lanes->first_left, &lanes->lock);
    lanes->wait_first--;
    lanes->first_taken = true;
    (void)pthread_mutex_unlock(&lanes->lock);
}

// Those who need the first session come before those who may sign elsewhere.
void lanes_leave_first(struct lanes *lanes)
{
    (void)pthread_mutex_lock(&lanes->lock);
    lanes->first_taken = false;
    if (lanes->wait_first > 0)
        (void)pthread_cond_signal(&lanes->first_left);
    else if (lanes->wait_any > 0)
        (void)pthread_cond_signal(&lanes->any_left);
    (void)pthread_mutex_unlock(&lanes->lock);
}

static struct lane *find(struct lanes *lanes, bool open)
{
    for (unsigned i = 0; i < LANES_MAX; i++)
        if (!lanes->lane[i].taken && (lanes->lane[i].token != NULL) == open)
            return &lanes->lane[i];
    return NULL;
}

static struct lane *take_locked(struct lanes *lanes, bool open)
{
    struct lane *lane = lanes->closing ? NULL : find(lanes, open);
    if (lane == NULL)
        return NULL;
    lane->taken = true;
    lanes->taken++;
    return lane;
}

struct lane *lanes_take(struct lanes *lanes, bool *crowded)
{
    struct lane *lane = NULL;
    *crowded = false;
    (void)pthread_mutex_lock(&lanes->lock);
    while (lanes->first_taken && (lane = take_locked(lanes, true)) == NULL) {
        *crowded = true;
        lanes->wait_any++;
        (void)pthread_cond_wait(&lanes->any_left, &lanes->lock);
        lanes->wait_any--;
    }
    if (lane == NULL)
        lanes->first_taken = true;
    (void)pthread_mutex_unlock(&lanes->lock);
    return lane;
}

void lanes_leave(struct lanes *lanes, struct lane *lane, bool failed)
{
    if (failed)
        token_lane_close(&lane->token);
    (void)pthread_mutex_lock(&lanes->lock);
    lanes->failures = failed ? lanes->failures + 1 : 0;
    lane->taken = false;
    lanes->taken--;
    if (lanes->closing && lanes->taken == 0)
        (void)pthread_cond_signal(&lanes->all_left);
    else if (!lanes->closing && lanes->wait_any > 0 && !failed)
        (void)pthread_cond_signal(&lanes->any_left);
    (void)pthread_mutex_unlock(&lanes->lock);
}

// A token that was made anew may have another key by the same name.
static bool open_lane(struct lane *lane, const struct token *token, const struct uri *uri, const struct key *key)
{
    lane->token = token_lane_open(token, ERROR_IGNORED);
    return lane->token != NULL && key_find(lane->token, uri, &lane->key, ERROR_IGNORED) &&
           span_equal(span_of(lane->key.modulus, lane->key.modulus_len), span_of(key->modulus, key->modulus_len)) &&
           !lane->key.login_each_time;
}

struct lane *lanes_open(struct lanes *lanes, const struct token *token, const struct uri *uri, const struct key *key)
{
    // A key's own login would need the PIN in each session.
    if (key->login_each_time || !token_takes_lanes(token))
        return NULL;
    (void)pthread_mutex_lock(&lanes->lock);
    struct lane *lane = lanes->failures < FAILURES_MAX ? take_locked(lanes, false) : NULL;
    (void)pthread_mutex_unlock(&lanes->lock);
    if (lane == NULL || open_lane(lane, token, uri, key))
        return lane;
    lanes_leave(lanes, lane, true);
    return NULL;
}

void lanes_close(struct lanes *lanes)
{
    (void)pthread_mutex_lock(&lanes->lock);
    lanes->closing = true;
    while (lanes->taken > 0)
        (void)pthread_cond_wait(&lanes->all_left, &lanes->lock);
    (void)pthread_mutex_unlock(&lanes->lock);
    for (unsigned i = 0; i < LANES_MAX; i++)
        token_lane_close(&lanes->lane[i].token);
    (void)pthread_mutex_lock(&lanes->lock);
    lanes->closing = false;
    lanes->failures = 0;
    (void)pthread_mutex_unlock(&lanes->lock);
}
