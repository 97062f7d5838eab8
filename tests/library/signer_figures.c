// What a signature costs: signer-figures COUNT MODULE. Prints lines "NAME THREADS NANOSECONDS", each for one signature:
// by C_Sign in this process, by the same calls through the module's own process, by a signer, and for an assertion. The
// kinds take turns in short portions, so that a busy machine slows all of them down.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hsm/remote/calls.h"
#include "hsm/token/handle.h"
#include "signer/handle.h"

enum { PORTION = 20, THREADS_MAX = 4 };

static CK_FUNCTION_LIST *list;
static CK_SESSION_HANDLE sessions[THREADS_MAX];
static CK_OBJECT_HANDLE key;
static struct ssa_signer *signer;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint8_t message[320];

static long long now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void check(bool right, const char *what)
{
    if (right)
        return;
    (void)fprintf(stderr, "%s failed\n", what);
    exit(EXIT_FAILURE);
}

static void raw(unsigned thread)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_RSA_PKCS};
    uint8_t out[1024];
    CK_ULONG len = sizeof out;
    check(list->C_SignInit(sessions[thread], &mechanism, key) == CKR_OK, "C_SignInit");
    check(list->C_Sign(sessions[thread], message, sizeof message, out, &len) == CKR_OK, "C_Sign");
}

// With a lock, as two calls of one session belong together.
static void through_host(unsigned thread)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_SHA256_RSA_PKCS};
    uint8_t out[1024];
    CK_ULONG len = sizeof out;
    struct token *token = signer->at.token;
    (void)thread;
    (void)pthread_mutex_lock(&mutex);
    check(call_sign_init(token->module.call, token->session, &mechanism, signer->key.private_object) == CKR_OK, "init");
    check(call_sign(token->module.call, token->session, message, sizeof message, out, &len) == CKR_OK, "sign");
    (void)pthread_mutex_unlock(&mutex);
}

static void by_signer(unsigned thread)
{
    struct ssa_signature signature;
    (void)thread;
    check(ssa_signer_sign(signer, SSA_MESSAGE, message, sizeof message, &signature, NULL), "ssa_signer_sign");
}

static void assertion(unsigned thread)
{
    struct ssa_text text;
    (void)thread;
    check(ssa_signer_assertion(signer, NULL, &text, NULL), "ssa_signer_assertion");
    ssa_text_free(&text);
}

struct portion {
    void (*make)(unsigned thread);
    unsigned thread, count;
};

static void *work(void *context)
{
    const struct portion *portion = context;
    for (unsigned i = 0; i < portion->count; i++)
        portion->make(portion->thread);
    return NULL;
}

static long long take(void (*make)(unsigned), unsigned threads)
{
    pthread_t started[THREADS_MAX];
    struct portion portions[THREADS_MAX];
    const long long since = now_ns();
    for (unsigned i = 0; i < threads; i++) {
        portions[i] = (struct portion){.make = make, .thread = i, .count = PORTION / threads};
        check(pthread_create(&started[i], NULL, work, &portions[i]) == 0, "pthread_create");
    }
    for (unsigned i = 0; i < threads; i++)
        (void)pthread_join(started[i], NULL);
    return now_ns() - since;
}

static int compare(const void *a, const void *b)
{
    const long long x = *(const long long *)a, y = *(const long long *)b;
    return (x > y) - (x < y);
}

static void open_raw(const char *module, const char *pin)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8, found = 0;
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template = {.type = CKA_CLASS, .pValue = &class, .ulValueLen = sizeof class};
    CK_C_GetFunctionList get = NULL;
    *(void **)&get = dlsym(dlopen(module, RTLD_NOW | RTLD_LOCAL), "C_GetFunctionList");
    check(get != NULL && get(&list) == CKR_OK && list->C_Initialize(&args) == CKR_OK, "loading the module");
    check(list->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK && count > 0, "C_GetSlotList");
    for (unsigned i = 0; i < THREADS_MAX; i++)
        check(list->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &sessions[i]) == CKR_OK, "C_OpenSession");
    check(list->C_Login(sessions[0], CKU_USER, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin)) == CKR_OK, "C_Login");
    check(list->C_FindObjectsInit(sessions[0], &template, 1) == CKR_OK, "C_FindObjectsInit");
    check(list->C_FindObjects(sessions[0], &key, 1, &found) == CKR_OK && found == 1, "C_FindObjects");
    (void)list->C_FindObjectsFinal(sessions[0]);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*make)(unsigned thread);
    } kinds[] = {{"raw", raw}, {"host", through_host}, {"signer", by_signer}, {"assertion", assertion}};
    static const unsigned threads[] = {1, 2, 4};
    enum { KINDS = sizeof kinds / sizeof kinds[0], COUNTS = sizeof threads / sizeof threads[0] };
    struct ssa_error err = {0};
    struct ssa_settings *settings = ssa_settings_new();
    const struct ssa_run run = {.settings = settings};
    const unsigned rounds = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) / PORTION : 0;
    long long *times = calloc((size_t)KINDS * COUNTS * (rounds + 1), sizeof *times);
    const char *pin = getenv("FIGURES_PIN");
    if (rounds == 0 || times == NULL || pin == NULL || !ssa_settings_environment(settings, environ, false, &err) ||
        !ssa_settings_profile(settings, NULL, false, NULL, &err) || !ssa_signer_open(&run, &signer, &err)) {
        (void)fprintf(stderr, "%s (%s)\n", err.what, err.cause);
        return EXIT_FAILURE;
    }
    open_raw(argv[2], pin);
    for (unsigned round = 0; round < rounds; round++)
        for (unsigned t = 0; t < COUNTS; t++)
            for (unsigned k = 0; k < KINDS; k++)
                times[(k * COUNTS + t) * rounds + round] = take(kinds[k].make, threads[t]);
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned t = 0; t < COUNTS; t++) {
            long long *own = &times[(k * COUNTS + t) * rounds];
            qsort(own, rounds, sizeof *own, compare);
            (void)printf("%s %u %lld\n", kinds[k].name, threads[t], own[rounds / 2] / PORTION);
        }
    ssa_signer_close(signer);
    ssa_settings_free(settings);
    free(times);
    return EXIT_SUCCESS;
}
