#include "cli/output/waiting.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/output/screen.h"
#include "cli/output/width.h"
#include "core/monotonic.h"
#include "core/text.h"
#include "core/write.h"

// A card that signs without a touch has answered by TOUCH_MS. One that wants a touch waits for it only some seconds.
enum { PATIENCE_MS = 1000, TOUCH_MS = 300, ELAPSED_MS = 2000, SECOND_MS = 1000, LINE_MAX_BYTES = 1024 };

// All waits are on one thread: that of the command. An agent's messages, before each of which the line is erased, come
// from several.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    long long quiet_since; // nothing has been printed since, and waits were told; 0 before the first
    enum ssa_wait what;
    long long what_since;
    char progress[128];
    char shown[LINE_MAX_BYTES]; // what stands on the terminal; empty where nothing does
    bool held;
} line;

bool waiting_is_seen(void)
{
    return screen_is_at(STDERR_FILENO);
}

// While this program is in the background, another one has the terminal.
static bool is_ours(void)
{
    const pid_t foreground = tcgetpgrp(STDERR_FILENO);
    return foreground < 0 || foreground == getpgrp();
}

// A terminal that is stopped (control-S) takes nothing: the program would stop, too, for a line that nobody needs.
static bool takes_text(void)
{
    struct pollfd terminal = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&terminal, 1, 0) == 1 && (terminal.revents & POLLOUT) != 0;
}

static bool describe(const struct ssa_waiting *w, char *out, size_t capacity)
{
    const char *subject = w->subject;
    const bool named = subject[0] != '\0';
    switch (w->what) {
    case SSA_WAIT_SEARCH:
        return text_format(out, capacity, "looking for PKCS#11 tokens%s%s", named ? ": " : "", subject);
    case SSA_WAIT_MODULE:
        return text_format(out, capacity, "waiting for the PKCS#11 module %s", subject);
    case SSA_WAIT_TOKEN:
        return text_format(out, capacity, "waiting for the PKCS#11 token \"%s\"", subject);
    case SSA_WAIT_TOUCH:
        return text_format(out, capacity, "touch the PKCS#11 token \"%s\" if it blinks", subject);
    case SSA_WAIT_PIN_PAD:
        return text_format(out, capacity, "type the PIN at the reader of the PKCS#11 token \"%s\"", subject);
    case SSA_WAIT_KEY_PAIR:
        return text_format(out, capacity, "the PKCS#11 token \"%s\" is making a key pair", subject);
    case SSA_WAIT_TURN:
        return text_format(out, capacity, "waiting for another process that uses this PKCS#11 token");
    case SSA_WAIT_SERVER:
        return text_format(out, capacity, "waiting for the server%s%s", named ? " " : "", subject);
    case SSA_WAIT_RETRY:
        return text_format(out, capacity, "waiting to ask the server %s again", subject);
    case SSA_WAIT_RATE_LIMIT:
        return text_format(out, capacity, "waiting for the API's rate limit");
    case SSA_WAIT_CLOSING:
        return text_format(out, capacity, "waiting for the PKCS#11 module to close");
    case SSA_WAIT_AGENT:
        return text_format(out, capacity, "waiting for the agent at %s", subject);
    case SSA_WAIT_OVER:
        break;
    }
    return false;
}

static bool tell_time(const struct ssa_waiting *w, long long now, char *out, size_t capacity)
{
    const long long elapsed = now - line.what_since;
    if (w->left_ms >= 0)
        return text_format(out, capacity, " (%lld s left)", (w->left_ms + SECOND_MS - 1) / SECOND_MS);
    return elapsed < ELAPSED_MS || text_format(out, capacity, " (%lld s)", elapsed / SECOND_MS);
}

// Puts an ellipsis in the place of what does not fit.
static bool shorten(char *text, size_t capacity, size_t columns)
{
    const char *ellipsis = screen_ellipsis();
    const size_t dots = width_of(ellipsis);
    size_t taken = 0;
    if (width_of(text) <= columns)
        return true;
    const size_t kept = width_cut(text, columns, dots, &taken);
    return text_format(text + kept, capacity - kept, "%s", columns >= dots ? ellipsis : "");
}

// A line that is wrapped could not be erased. The last column stays empty: some terminals wrap there already. The time
// is left out only where nothing else would fit.
static bool compose(const struct ssa_waiting *w, long long now, char out[static LINE_MAX_BYTES])
{
    char what[512], time[64] = "";
    if (!describe(w, what, sizeof what) || !tell_time(w, now, time, sizeof time) ||
        !text_format(out, LINE_MAX_BYTES, "ssa-hsm: %s%s%s", line.progress, line.progress[0] != '\0' ? ": " : "", what))
        return false;
    const size_t columns = screen_columns(STDERR_FILENO) - 1, tail = width_of(time);
    const bool timed = 2 * tail < columns;
    if (!shorten(out, LINE_MAX_BYTES, timed ? columns - tail : columns))
        return false;
    const size_t len = strlen(out);
    return !timed || text_format(out + len, LINE_MAX_BYTES - len, "%s", time);
}

// A terminal that cannot be written has nobody before it.
static void put(const char *text)
{
    char whole[LINE_MAX_BYTES + 8];
    const int len = snprintf(whole, sizeof whole, "\r\033[K%s", text);
    if (len > 0)
        (void)write_all(STDERR_FILENO, span_of(whole, (size_t)len));
}

static bool is_time(long long now)
{
    const bool touch = line.what == SSA_WAIT_TOUCH;
    return line.shown[0] != '\0' || now - line.quiet_since >= PATIENCE_MS ||
           (touch && now - line.what_since >= TOUCH_MS);
}

static void erase(void)
{
    line.quiet_since = 0;
    line.what = SSA_WAIT_OVER;
    if (line.shown[0] == '\0')
        return;
    line.shown[0] = '\0';
    if (is_ours())
        put("");
}

static void show(const struct ssa_waiting *waiting)
{
    char text[LINE_MAX_BYTES];
    const long long now = monotonic_ms();
    if (line.held)
        return;
    if (waiting->what == SSA_WAIT_OVER) {
        erase();
        return;
    }
    if (line.quiet_since == 0)
        line.quiet_since = now;
    if (line.what != waiting->what) {
        line.what = waiting->what;
        line.what_since = now;
    }
    if (!is_time(now) || !compose(waiting, now, text))
        return;
    if (strcmp(text, line.shown) == 0 || !is_ours() || !takes_text())
        return;
    put(text);
    memcpy(line.shown, text, sizeof line.shown);
}

void waiting_show(void *context, const struct ssa_waiting *waiting)
{
    (void)context;
    (void)pthread_mutex_lock(&mutex);
    show(waiting);
    (void)pthread_mutex_unlock(&mutex);
}

void waiting_progress(const char *text)
{
    (void)pthread_mutex_lock(&mutex);
    if (!text_format(line.progress, sizeof line.progress, "%s", text))
        line.progress[0] = '\0';
    (void)pthread_mutex_unlock(&mutex);
}

void waiting_erase(void)
{
    (void)pthread_mutex_lock(&mutex);
    erase();
    (void)pthread_mutex_unlock(&mutex);
}

void waiting_hold(bool held)
{
    (void)pthread_mutex_lock(&mutex);
    erase();
    line.held = held;
    (void)pthread_mutex_unlock(&mutex);
}
