// Does with one signer what is told line by line on standard input, as the agent would, and each line on a thread of
// its own:
//
//     NUMBER DEADLINE_MS CALL [ARGUMENT]
//
// Each is answered with one line: NUMBER, and NAME=VALUE with tabs between them. Arguments: the PIN socket, the profile
// (empty: the usual one), and perhaps "pin-retry". With "--unlock PATH" it unlocks a signer instead: it writes what is
// asked, and reads the answers from standard input.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/link/link.h"
#include "agent/link/pin_socket.h"
#include "core/monotonic.h"
#include "core/text.h"

enum { LINE_ROOM = LINK_SCOPE_MAX + 64 };

static struct signer_link *opened;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static unsigned running;

static const char *const calls[LINK_CALLS] = {"status", "look", "assertion", "secret", "lock", "unlock", "retry"};
static const char *const states[SIGNER_STATES] = {"locked", "open", "lost", "refused"};

static void hear(void *context, enum ssa_level level, const char *line)
{
    (void)context;
    (void)level;
    (void)fprintf(stderr, "link: %s\n", line);
}

static bool make_call(enum link_call call, long long deadline, const char *argument, struct secret *text,
                      struct link_status *status, struct ssa_error *err)
{
    struct link_request request = {0};
    switch (call) {
    case LINK_ASSERTION:
        if (!text_format(request.scope, sizeof request.scope, "%s", argument))
            return error_set(err, SSA_USAGE, NULL, NULL, "the scope is too long");
        return link_assertion(opened, &request, deadline, text, status, err);
    case LINK_SECRET: {
        struct ssa_error other;
        const bool done = link_secret(opened, deadline, text, err);
        return link_ask(opened, LINK_STATUS, deadline, status, &other) && done;
    }
    default:
        return link_ask(opened, call, deadline, status, err);
    }
}

static void carry_out(const char *number, const char *call, long long ms, const char *argument)
{
    struct ssa_error err = {0};
    struct link_status status = {0};
    SECRET_AUTO text = {0};
    size_t at = 0;
    while (at < LINK_CALLS && strcmp(calls[at], call) != 0)
        at++;
    const bool done =
        at < LINK_CALLS && make_call((enum link_call)at, monotonic_ms() + ms, argument, &text, &status, &err);
    (void)pthread_mutex_lock(&mutex);
    (void)printf("%s\tdone=%d\tcode=%d\treason=%d\twhat=%s\tcause=%s\tstate=%s\tby_person=%d\tlabel=%s\tserial=%s\t"
                 "client_id=%s\taccount=%s\tkey_id=%s\tlogins=%llu\tsignatures=%llu\tstarts=%lu\ttext=%s\n",
                 number, done, (int)err.code, (int)err.reason, err.what, err.cause, states[status.state],
                 status.by_person, status.label, status.serial, status.client_id, status.account, status.key_id,
                 status.logins, status.signatures, link_starts(opened), secret_text(&text));
    (void)fflush(stdout);
    (void)pthread_mutex_unlock(&mutex);
}

static void *run(void *context)
{
    char *rest = context;
    const char *number = strsep(&rest, " "), *ms = strsep(&rest, " "), *call = strsep(&rest, " ");
    if (call != NULL)
        carry_out(number, call, strtoll(ms, NULL, 10), rest != NULL ? rest : "");
    free(context);
    (void)pthread_mutex_lock(&mutex);
    running--;
    (void)pthread_cond_signal(&ended);
    (void)pthread_mutex_unlock(&mutex);
    return NULL;
}

static void begin(const char *line)
{
    pthread_t thread;
    char *copy = strdup(line);
    (void)pthread_mutex_lock(&mutex);
    running++;
    (void)pthread_mutex_unlock(&mutex);
    if (copy == NULL || pthread_create(&thread, NULL, run, copy) != 0)
        abort();
    (void)pthread_detach(thread);
}

static int play(int argc, char **argv)
{
    struct ssa_error err = {0};
    char line[LINE_ROOM];
    const struct link_config config = {.pin_socket = argv[1],
                                       .profile = argc > 2 && argv[2][0] != '\0' ? argv[2] : NULL,
                                       .pin_retry = argc > 3 && strcmp(argv[3], "pin-retry") == 0,
                                       .tell = hear};
    if (!link_open(&config, &opened, &err))
        return 1;
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        begin(line);
    }
    (void)pthread_mutex_lock(&mutex);
    while (running > 0)
        (void)pthread_cond_wait(&ended, &mutex);
    (void)pthread_mutex_unlock(&mutex);
    link_close(opened);
    return 0;
}

static bool read_answer(const char *kind, const char *text, char *answer, size_t capacity)
{
    char line[LINE_ROOM];
    (void)printf("%s: %s\n", kind, text);
    (void)fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return text_format(answer, capacity, "%s", line);
}

static bool ask_secret(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                       struct ssa_error *err)
{
    (void)context;
    const bool read = read_answer("secret", prompt, answer, capacity);
    *len = read ? strlen(answer) : 0;
    return read || error_set(err, SSA_PIN, NULL, NULL, "nothing was typed");
}

static bool confirm(void *context, const char *question)
{
    char answer[8];
    (void)context;
    return read_answer("confirm", question, answer, sizeof answer) && strcmp(answer, "yes") == 0;
}

static void notice(void *context, enum ssa_level level, const struct ssa_notice *told)
{
    (void)context;
    (void)level;
    (void)printf("notice: %s\n", told->text);
    (void)fflush(stdout);
}

static int unlock(const char *path)
{
    const struct ssa_callbacks callbacks = {.ask_secret = ask_secret, .confirm = confirm, .tell = notice};
    struct ssa_error err = {0};
    if (pin_socket_unlock(path, &callbacks, &err)) {
        (void)printf("open\n");
        return 0;
    }
    (void)printf("failed: %s (%s)\n", err.what, err.cause);
    return (int)err.code;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--unlock") == 0)
        return unlock(argv[2]);
    return argc < 2 ? 2 : play(argc, argv);
}
