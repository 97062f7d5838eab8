// Does with one signer what is told line by line on standard input, and answers each line with one: "ok …" or "failed
// CLASS …". Settings come from the environment. It has functions with names that the library uses inside, too.
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ssa-hsm/signer.h>

static struct ssa_settings *settings;
static struct ssa_signer *signer;
static EVP_PKEY *key;
static unsigned asked;

// Names of the library's own functions, which must not be taken for these.
void undo(void);
void tell(void);
void json_string(void);
void undo(void)
{
    abort();
}

void tell(void)
{
    abort();
}

void json_string(void)
{
    abort();
}

static bool ask(void *context, const char *prompt, char *answer, size_t capacity, size_t *len, struct ssa_error *err)
{
    const char *pin = getenv("PLAYER_PIN");
    (void)context;
    (void)prompt;
    if (pin == NULL || strlen(pin) > capacity) {
        err->code = SSA_PIN;
        return false;
    }
    asked++;
    *len = strlen(pin);
    memcpy(answer, pin, *len);
    return true;
}

static void hear(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    (void)context;
    if (level == SSA_WARNING || level == SSA_NOTICE)
        (void)fprintf(stderr, "%s\n", notice->text);
}

// The person wants to stop once this file exists.
static bool is_stopped(void *context)
{
    const char *path = getenv("PLAYER_STOP");
    (void)context;
    return path != NULL && access(path, F_OK) == 0;
}

static void hex(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        (void)printf("%02x", bytes[i]);
    (void)printf("\n");
}

static void failed(const struct ssa_error *err)
{
    (void)printf("failed %d %s [%s] %s\n", (int)err->code, err->what, err->cause, err->hint);
}

static void *open_signer(void *argument)
{
    struct ssa_error err = {0};
    const bool asks = getenv("PLAYER_PIN") != NULL;
    const char *patience = getenv("PLAYER_PATIENCE");
    const struct ssa_run run = {
        .settings = settings,
        .callbacks = {.ask_secret = asks ? ask : NULL,
                      .tell = hear,
                      .interrupted = is_stopped,
                      .patience = patience != NULL ? (unsigned)strtoul(patience, NULL, 10) : 0},
    };
    (void)argument;
    if (ssa_signer_open(&run, &signer, &err))
        (void)printf("ok\n");
    else
        failed(&err);
    return NULL;
}

static void *close_signer(void *argument)
{
    (void)argument;
    ssa_signer_close(signer);
    signer = NULL;
    (void)printf("ok\n");
    return NULL;
}

static void *sign(void *message)
{
    struct ssa_error err = {0};
    struct ssa_signature signature;
    if (!ssa_signer_sign(signer, SSA_MESSAGE, message, strlen(message), &signature, &err))
        return failed(&err), NULL;
    (void)printf("ok ");
    hex(signature.bytes, signature.len);
    return NULL;
}

enum { CROWD_MAX = 16, CROWD_SIGNS = 10 };

struct one_of_crowd {
    pthread_t thread;
    bool done;
    struct ssa_error err;
};

static void *sign_often(void *context)
{
    struct one_of_crowd *one = context;
    struct ssa_signature signature;
    one->done = true;
    for (unsigned i = 0; i < CROWD_SIGNS && one->done; i++)
        one->done = ssa_signer_sign(signer, SSA_MESSAGE, "x", 1, &signature, &one->err);
    return NULL;
}

// So many threads sign at the same time, each until it fails. Tells how many failed, and the last one's error.
static void *crowd(void *argument)
{
    struct one_of_crowd all[CROWD_MAX];
    const struct one_of_crowd *failure = NULL;
    const unsigned long count = strtoul(argument, NULL, 10);
    unsigned failures = 0;
    memset(all, 0, sizeof all);
    for (unsigned long i = 0; i < count; i++)
        if (count > CROWD_MAX || pthread_create(&all[i].thread, NULL, sign_often, &all[i]) != 0)
            abort();
    for (unsigned long i = 0; i < count; i++) {
        (void)pthread_join(all[i].thread, NULL);
        failures += all[i].done ? 0 : 1;
        failure = all[i].done ? failure : &all[i];
    }
    if (failure == NULL)
        (void)printf("ok\n");
    else
        (void)printf("failed %d %u times: %s [%s] %s\n", (int)failure->err.code, failures, failure->err.what,
                     failure->err.cause, failure->err.hint);
    return NULL;
}

static void *digest(void *message)
{
    struct ssa_error err = {0};
    struct ssa_signature signature;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    (void)EVP_Digest(message, strlen(message), hash, &len, EVP_sha256(), NULL);
    if (!ssa_signer_sign(signer, SSA_DIGEST, hash, len, &signature, &err))
        return failed(&err), NULL;
    (void)printf("ok ");
    hex(signature.bytes, signature.len);
    return NULL;
}

static void *short_digest(void *argument)
{
    struct ssa_error err = {0};
    struct ssa_signature signature;
    (void)argument;
    if (ssa_signer_sign(signer, SSA_DIGEST, "short", 5, &signature, &err))
        (void)printf("ok\n");
    else
        failed(&err);
    return NULL;
}

static void *big(void *argument)
{
    char *message = calloc(1, 1 << 20);
    (void)argument;
    if (message == NULL)
        return NULL;
    memset(message, 'x', (1 << 20) - 1);
    (void)sign(message);
    free(message);
    return NULL;
}

static void *assertion(void *argument)
{
    struct ssa_error err = {0};
    struct ssa_text text = {0};
    (void)argument;
    if (ssa_signer_assertion(signer, NULL, &text, &err))
        (void)printf("ok %s\n", text.text);
    else
        failed(&err);
    ssa_text_free(&text);
    return NULL;
}

// token SECONDS SCOPE
static void *token(void *argument)
{
    struct ssa_error err = {0};
    struct ssa_access_token got = {0};
    char *scope = NULL;
    const unsigned seconds = (unsigned)strtoul(argument, &scope, 10);
    if (ssa_signer_token(signer, *scope == '\0' ? NULL : scope + 1, seconds, &got, &err))
        (void)printf("ok %s %s %lld %s\n", got.token.text, got.type, got.expires, got.scope.text);
    else
        failed(&err);
    ssa_access_token_free(&got);
    return NULL;
}

static void *get_key(void *argument)
{
    struct ssa_error err = {0};
    (void)argument;
    if (ssa_signer_key(signer, &key, &err))
        (void)printf("ok\n");
    else
        failed(&err);
    return NULL;
}

static void *free_key(void *argument)
{
    (void)argument;
    EVP_PKEY_free(key);
    key = NULL;
    (void)printf("ok\n");
    return NULL;
}

static void *key_sign(void *message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char out[1024];
    size_t len = sizeof out;
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, out, &len, message, strlen(message)) == 1) {
        (void)printf("ok ");
        hex(out, len);
    } else {
        (void)printf("failed 0 EVP_DigestSign\n");
    }
    EVP_MD_CTX_free(context);
    return NULL;
}

// A child that has all descriptors of this process, but its standard ones.
static void *linger(void *argument)
{
    (void)argument;
    const pid_t child = fork();
    if (child == 0) {
        for (int fd = 0; fd <= 2; fd++)
            (void)close(fd);
        (void)sleep(60);
        _exit(0);
    }
    (void)printf("ok %d\n", (int)child);
    return NULL;
}

static void *without_a_signer(void *argument)
{
    struct ssa_signer *open = signer;
    signer = NULL;
    (void)sign(argument);
    signer = open;
    return NULL;
}

static void *questions(void *argument)
{
    (void)argument;
    (void)printf("ok %u\n", asked);
    return NULL;
}

static const struct {
    const char *name;
    void *(*run)(void *argument);
} commands[] = {{"open", open_signer},
                {"close", close_signer},
                {"sign", sign},
                {"crowd", crowd},
                {"digest", digest},
                {"big", big},
                {"assertion", assertion},
                {"token", token},
                {"key", get_key},
                {"free-key", free_key},
                {"key-sign", key_sign},
                {"questions", questions},
                {"without-signer", without_a_signer},
                {"linger", linger},
                {"short-digest", short_digest}};

static void in_thread(void *(*run)(void *argument), char *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, argument) != 0 || pthread_join(thread, NULL) != 0)
        (void)printf("failed 1 no thread\n");
}

static void in_child(void *(*run)(void *argument), char *argument)
{
    int status = 0;
    (void)fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(20);
        (void)run(argument);
        (void)fflush(stdout);
        _exit(0);
    }
    (void)waitpid(child, &status, 0);
    if (status != 0)
        (void)printf("failed 1 the child ended with %d\n", status);
}

// A line is a command and its argument. "in-thread" and "in-child" before it say who does it.
static void play(char *line)
{
    void (*where)(void *(*)(void *), char *) = NULL;
    if (strncmp(line, "in-thread ", 10) == 0)
        where = in_thread;
    if (strncmp(line, "in-child ", 9) == 0)
        where = in_child;
    char *command = where == NULL ? line : strchr(line, ' ') + 1;
    char *argument = command + strcspn(command, " ");
    if (*argument != '\0')
        *argument++ = '\0';
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, command) != 0)
            continue;
        if (where != NULL)
            where(commands[i].run, argument);
        else
            (void)commands[i].run(argument);
        (void)fflush(stdout);
        return;
    }
    (void)printf("failed 2 no command %s\n", command);
    (void)fflush(stdout);
}

int main(void)
{
    struct ssa_error err = {0};
    char line[4096];
    settings = ssa_settings_new();
    if (settings == NULL || !ssa_settings_environment(settings, environ, false, &err) ||
        !ssa_settings_profiles(settings, NULL, 0, NULL, &err)) {
        failed(&err);
        return EXIT_FAILURE;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        play(line);
    }
    EVP_PKEY_free(key);
    ssa_signer_close(signer);
    ssa_settings_free(settings);
    return EXIT_SUCCESS;
}
