#include "hsm/search/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/monotonic.h"
#include "core/write.h"
#include "hsm/module/one_user.h"

// Reading a card's slots takes long.
enum { ANSWER_MS = 10000, KEYS_MS = 30000, SLICE_MS = 200, ENDING_MS = 500 };

// The child sends this through the pipe, and then the tokens.
struct head {
    bool ok;
    bool busy; // another process has the turn
    struct ssa_error err;
    CK_INFO about;
    size_t count, key_count;
};

// Some modules print messages. They must not reach the terminal of a person who asked for another module.
static void quieten(void)
{
    const int nowhere = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; nowhere >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(nowhere, fd);
}

// Everything that the child does. It ends without running exit handlers, neither ours nor the module's.
static _Noreturn void answer(const struct module_entry *entry, bool wants_keys, const struct turns *turns, int fd)
{
    static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        (void)signal(ours[i], SIG_IGN); // the parent decides when to end the child
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // Secret memory is not inherited, but the registers are, with what the parent copied last.
    secret_wipe_stack();
    quieten();
    struct module module;
    struct head head = {0};
    SEEN_AUTO *seen = NULL;
    KEYS_SEEN_AUTO keys = {0};
    // The parent waits for its turn instead: it can tell so, and be interrupted.
    struct turns own = *turns;
    own.impatient = true;
    const bool opened = module_open(entry, &own, &module, &head.err);
    head.busy = !opened && head.err.code == SSA_TOKEN;
    head.ok = opened && module_look(&module, &seen, &head.err);
    if (head.ok) {
        if (wants_keys)
            module_look_at_keys(&module, seen, &keys);
        head.about = seen->about;
        head.count = seen->count;
        head.key_count = keys.count;
    }
    const bool told = write_all(fd, span_of(&head, sizeof head)) &&
                      (!head.ok || (write_all(fd, span_of(seen->tokens, seen->count * sizeof seen->tokens[0])) &&
                                    write_all(fd, span_of(keys.list, keys.count * sizeof keys.list[0]))));
    _exit(told ? EXIT_SUCCESS : EXIT_FAILURE);
}

static bool read_whole(int fd, void *data, size_t len, long long until, const struct ssa_callbacks *callbacks)
{
    char *at = data;
    while (len > 0) {
        struct pollfd input = {.fd = fd, .events = POLLIN};
        const long long left = until - monotonic_ms();
        if (left <= 0 || callback_interrupted(callbacks))
            return false;
        const int ready = poll(&input, 1, left < SLICE_MS ? (int)left : SLICE_MS);
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        const ssize_t got = ready <= 0 ? 0 : read(fd, at, len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

// A faulty module may have overwritten anything in the child: a flag may be neither 0 nor 1, a length too large, and
// the end of a text may be missing.
static void settle_flag(bool *flag)
{
    uint8_t byte = 0;
    memcpy(&byte, flag, sizeof byte);
    byte = byte != 0 ? 1 : 0;
    memcpy(flag, &byte, sizeof byte);
}

static void bound_error(struct ssa_error *err)
{
    err->what[sizeof err->what - 1] = '\0';
    err->cause[sizeof err->cause - 1] = '\0';
    err->subject[sizeof err->subject - 1] = '\0';
    err->hint[sizeof err->hint - 1] = '\0';
    err->detail[sizeof err->detail - 1] = '\0';
}

static void bound_key(struct key_raw *key)
{
    settle_flag(&key->is_private);
    key->id_len = key->id_len <= sizeof key->id ? key->id_len : 0;
    key->label_len = key->label_len <= sizeof key->label ? key->label_len : 0;
    key->modulus_len = key->modulus_len <= sizeof key->modulus ? key->modulus_len : 0;
    key->certified[sizeof key->certified - 1] = '\0';
}

static bool read_keys(int fd, const struct ssa_callbacks *callbacks, long long until, struct keys_seen *keys,
                      size_t count)
{
    if (count == 0)
        return true;
    keys->list = calloc(count, sizeof keys->list[0]);
    if (keys->list == NULL || !read_whole(fd, keys->list, count * sizeof keys->list[0], until, callbacks))
        return false;
    keys->count = count;
    for (size_t i = 0; i < count; i++)
        bound_key(&keys->list[i]);
    return true;
}

static bool read_answer(int fd, const struct ssa_callbacks *callbacks, struct module_seen **seen,
                        struct keys_seen *keys, struct head *head)
{
    const long long until = monotonic_ms() + (keys != NULL ? KEYS_MS : ANSWER_MS);
    if (!read_whole(fd, head, sizeof *head, until, callbacks) || head->count > SLOTS_MAX ||
        head->key_count > (keys != NULL ? KEYS_SEEN_MAX : 0))
        return false;
    settle_flag(&head->ok);
    bound_error(&head->err);
    if (!head->ok)
        return true;
    *seen = calloc(1, sizeof **seen);
    if (*seen == NULL || !read_whole(fd, (*seen)->tokens, head->count * sizeof(*seen)->tokens[0], until, callbacks) ||
        !read_keys(fd, callbacks, until, keys, head->key_count))
        return false;
    for (size_t i = 0; i < head->count; i++)
        settle_flag(&(*seen)->tokens[i].unread);
    (*seen)->about = head->about;
    (*seen)->count = head->count;
    return true;
}

// Ends the child, which has answered (told) or will not answer. Returns the signal that had ended it already, or 0.
static int reap(pid_t child, bool told)
{
    int status = 0;
    pid_t ended = 0;
    // Its end of the pipe closes a little before waitpid sees that it has ended.
    for (unsigned waited_ms = 0; !told && ended == 0 && waited_ms < ENDING_MS; waited_ms += 2) {
        ended = waitpid(child, &status, WNOHANG);
        if (ended == 0)
            pause_ms(2);
    }
    if (ended == child)
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    (void)kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return 0;
}

static bool no_answer(const struct module_entry *entry, int by, struct ssa_error *err)
{
    error_set(err, SSA_ABSENT, by != 0 ? sigabbrev_np(by) : NULL, entry->path,
              by != 0 ? "the PKCS#11 module crashes" : "the PKCS#11 module does not answer");
    return error_reason(err, SSA_REASON_MODULE_NO_ANSWER, NULL);
}

static bool ask(const struct module_entry *entry, const struct ssa_callbacks *callbacks, const struct turns *turns,
                struct module_seen **seen, struct keys_seen *keys, bool *busy, struct ssa_error *err)
{
    int ends[2];
    struct head head = {0};
    *seen = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_errno(err, SSA_UNEXPECTED, errno, entry->path, "no pipe for asking the module");
    const pid_t child = fork();
    if (child == 0)
        answer(entry, keys != NULL, turns, ends[1]);
    (void)close(ends[1]);
    const bool told = child > 0 && read_answer(ends[0], callbacks, seen, keys, &head);
    (void)close(ends[0]);
    if (child < 0)
        return error_errno(err, SSA_UNEXPECTED, errno, entry->path, "no process for asking the module");
    const int by = reap(child, told);
    *busy = told && head.busy;
    if (told && head.ok)
        return true;
    module_seen_free(seen);
    if (keys != NULL)
        keys_seen_free(keys);
    if (!told)
        return no_answer(entry, by, err);
    // The error is made anew, so that its text is harmless.
    const bool known = head.err.code > SSA_OK && head.err.code <= SSA_RATE_LIMIT;
    error_set(err, known ? head.err.code : SSA_ABSENT, head.err.cause[0] != '\0' ? head.err.cause : NULL,
              head.err.subject[0] != '\0' ? head.err.subject : NULL, "%s", head.err.what);
    error_number(err, head.err.domain, head.err.number);
    if (head.err.reason > SSA_REASON_NONE && head.err.reason < SSA_REASON_COUNT)
        error_reason(err, head.err.reason, "%s", head.err.detail);
    return error_hint(err, "%s", head.err.hint);
}

bool module_ask(const struct module_entry *entry, const struct ssa_callbacks *callbacks, const struct turns *turns,
                struct module_seen **seen, struct keys_seen *keys, struct ssa_error *err)
{
    *seen = NULL;
    // The child inherits the modules that this process has loaded, in whatever state another thread left them.
    if (!one_user_begin(err))
        return false;
    bool busy = false;
    bool answered = ask(entry, callbacks, turns, seen, keys, &busy, err);
    if (busy && turn_take(turns, TURN_OPEN, err)) {
        answered = ask(entry, callbacks, turns, seen, keys, &busy, err);
        turn_leave(turns, TURN_OPEN);
    }
    one_user_end();
    return answered;
}
