// A program with children of its own, which it forks and waits for as if there were no library. Its argument says what
// it does; it prints "ok", or what is wrong. Settings come from the environment.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ssa-hsm/signer.h>

enum { LOADING_US = 300 * 1000, CHILD_S = 20, FILES_FEW = 40 };

static struct ssa_settings *settings;
static struct ssa_signer *signer;
static sem_t loading;
static bool told;

static int failed(const char *what, const struct ssa_error *err)
{
    (void)printf("%s: %d %s [%s] %s\n", what, (int)err->code, err->what, err->cause, err->hint);
    return EXIT_FAILURE;
}

static struct ssa_settings *read_settings(struct ssa_error *err)
{
    struct ssa_settings *read = ssa_settings_new();
    if (read != NULL && ssa_settings_environment(read, environ, false, err) &&
        ssa_settings_profile(read, NULL, false, NULL, err))
        return read;
    ssa_settings_free(read);
    return NULL;
}

// The library's call comes here, too. To load libcurl takes longer than usual.
void *dlopen(const char *file, int flags)
{
    void *(*next)(const char *, int) = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "dlopen");
    if (file != NULL && strstr(file, "libcurl") != NULL && !told) {
        told = true;
        (void)sem_post(&loading);
        (void)usleep(LOADING_US);
    }
    return next(file, flags);
}

static void *fetch(void *err)
{
    struct ssa_access_token token;
    const bool done = ssa_signer_token(signer, NULL, 0, &token, err);
    ssa_access_token_free(&token);
    return done ? signer : NULL;
}

static int fetch_alone(void)
{
    struct ssa_error err = {0};
    if (fetch(&err) == NULL)
        return failed("token", &err);
    (void)printf("ok\n");
    return EXIT_SUCCESS;
}

static int fetch_in_child(void)
{
    struct ssa_error err = {0};
    const struct ssa_run run = {.settings = read_settings(&err)};
    if (run.settings == NULL || !ssa_signer_open(&run, &signer, &err) || fetch(&err) == NULL)
        return failed("child", &err);
    ssa_signer_close(signer);
    return EXIT_SUCCESS;
}

// A child is forked while another thread loads libcurl, and uses the library itself.
static int fork_while_loading(void)
{
    struct ssa_error err = {0};
    pthread_t thread;
    void *done = NULL;
    int status = 0;
    if (sem_init(&loading, 0, 0) != 0 || pthread_create(&thread, NULL, fetch, &err) != 0 || sem_wait(&loading) != 0)
        return EXIT_FAILURE;
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(CHILD_S);
        status = fetch_in_child();
        (void)fflush(stdout);
        _exit(status);
    }
    (void)waitpid(child, &status, 0);
    (void)pthread_join(thread, &done);
    if (done == NULL)
        return failed("parent", &err);
    (void)printf(status == 0 ? "ok\n" : "the child ended with %x\n", (unsigned)status);
    return EXIT_SUCCESS;
}

// A child uses what its parent has read, and then its own.
static int use_parents_settings(void)
{
    const struct ssa_run run = {.settings = settings};
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        struct ssa_error err = {0};
        struct ssa_signer *own = NULL;
        if (!ssa_signer_open(&run, &own, &err))
            (void)failed("child", &err);
        ssa_settings_free(settings);
        status = fetch_in_child();
        (void)fflush(stdout);
        _exit(status);
    }
    (void)waitpid(child, &status, 0);
    return status;
}

static pid_t only_child(void)
{
    char text[32] = "";
    const int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 || close(fd) != 0)
        return -1;
    return (pid_t)strtol(text, NULL, 10);
}

// As a program's loop that waits for any child: it takes the end of the module's process. The next child that the
// program starts gets the same number.
static int give_number_to_another(void)
{
    struct ssa_error err = {0};
    struct ssa_signature signature;
    pid_t number = only_child();
    struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (unsigned long long)&number, .set_tid_size = 1};
    if (number <= 0 || kill(number, SIGKILL) != 0 || waitpid(-1, NULL, 0) != number)
        return EXIT_FAILURE;
    const long child = syscall(SYS_clone3, &args, sizeof args);
    if (child < 0) {
        (void)printf("clone3: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    while (child == 0)
        (void)pause();
    const bool done = ssa_signer_sign(signer, SSA_MESSAGE, "x", 1, &signature, &err);
    if (!done)
        return failed("sign", &err);
    (void)printf(kill(number, 0) == 0 && waitpid(number, NULL, WNOHANG) == 0 ? "ok\n" : "the child is gone\n");
    (void)kill(number, SIGKILL);
    return EXIT_SUCCESS;
}

// The module's process is gone, and another one cannot be started for a while.
static int no_descriptor_left(void)
{
    struct ssa_error err = {0};
    struct ssa_signature signature;
    struct rlimit limit;
    siginfo_t end;
    const pid_t host = only_child();
    if (host <= 0 || kill(host, SIGKILL) != 0 || waitid(P_PID, (id_t)host, &end, WEXITED | WNOWAIT) != 0 ||
        getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return EXIT_FAILURE;
    const struct rlimit few = {.rlim_cur = STDERR_FILENO + 1, .rlim_max = limit.rlim_max};
    (void)setrlimit(RLIMIT_NOFILE, &few);
    if (ssa_signer_sign(signer, SSA_MESSAGE, "x", 1, &signature, &err))
        return EXIT_FAILURE;
    (void)failed("sign", &err);
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (!ssa_signer_sign(signer, SSA_MESSAGE, "x", 1, &signature, &err))
        return failed("again", &err);
    return EXIT_SUCCESS;
}

// The program has cleared its environment, which the module's process would get, when that is started again.
static int no_environment(void)
{
    struct ssa_error err = {0};
    struct ssa_signature signature;
    const pid_t host = only_child();
    struct ssa_settings *empty = ssa_settings_new();
    const char *conf = getenv("SOFTHSM2_CONF");
    if (empty == NULL || conf == NULL || host <= 0 || kill(host, SIGKILL) != 0 || clearenv() != 0)
        return EXIT_FAILURE;
    if (!ssa_settings_environment(empty, environ, false, &err))
        return failed("settings", &err);
    ssa_settings_free(empty);
    // Without its variable, SoftHSM has no token.
    if (ssa_signer_sign(signer, SSA_MESSAGE, "x", 1, &signature, &err))
        return EXIT_FAILURE;
    if (setenv("SOFTHSM2_CONF", conf, 1) != 0 || !ssa_signer_sign(signer, SSA_MESSAGE, "x", 1, &signature, &err))
        return failed("sign", &err);
    (void)printf("ok\n");
    return EXIT_SUCCESS;
}

// A daemon has closed its standard files, and may not have many others. What it opens next are its standard files.
static int no_standard_files(void)
{
    struct ssa_error err = {0};
    struct ssa_signature signature;
    const struct ssa_run run = {.settings = settings};
    const struct rlimit few = {.rlim_cur = FILES_FEW, .rlim_max = FILES_FEW};
    const int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, FILES_FEW / 2);
    ssa_signer_close(signer);
    signer = NULL;
    if (out < 0 || setrlimit(RLIMIT_NOFILE, &few) != 0)
        return EXIT_FAILURE;
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        (void)close(fd);
    const bool done =
        ssa_signer_open(&run, &signer, &err) && ssa_signer_sign(signer, SSA_MESSAGE, "x", 1, &signature, &err);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            (void)dprintf(out, "%d is open\n", fd);
    (void)dprintf(out, "%s%s\n", done ? "ok" : "", done ? "" : err.what);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct ssa_error err = {0};
    const char *what = argc > 1 ? argv[1] : "";
    settings = read_settings(&err);
    const struct ssa_run run = {.settings = settings};
    int status = EXIT_FAILURE;
    if (settings == NULL || !ssa_signer_open(&run, &signer, &err))
        return failed("open", &err);
    if (strcmp(what, "fork-while-loading") == 0)
        status = fork_while_loading();
    if (strcmp(what, "token") == 0)
        status = fetch_alone();
    if (strcmp(what, "parents-settings") == 0)
        status = use_parents_settings();
    if (strcmp(what, "number-again") == 0)
        status = give_number_to_another();
    if (strcmp(what, "no-environment") == 0)
        status = no_environment();
    if (strcmp(what, "no-standard-files") == 0)
        status = no_standard_files();
    if (strcmp(what, "no-descriptor-left") == 0)
        status = no_descriptor_left();
    ssa_signer_close(signer);
    ssa_settings_free(settings);
    return status;
}
