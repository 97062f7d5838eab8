// A PKCS#11 module that serves as another one does (BAD_MODULE_REAL), but for one deed in one function: BAD_MODULE is
// the function and the deed, "C_Sign crash" say. It does it once in a process, after it has made the file
// BAD_MODULE_REACHED.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CRYPTOKI_COMPAT 1
#include <p11-kit/pkcs11.h>

enum { MEGABYTE = 1 << 20, DAEMON_S = 20 };

static CK_FUNCTION_LIST *real, list;

static void reach(void)
{
    const char *path = getenv("BAD_MODULE_REACHED");
    const int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void)close(fd);
}

static void write_all(int fd, const char *bytes, size_t len)
{
    for (ssize_t done = 1; len > 0 && done > 0; bytes += done, len -= (size_t)done)
        done = write(fd, bytes, len);
}

static void print_bytes(const char *bytes, size_t len)
{
    write_all(STDOUT_FILENO, bytes, len);
    write_all(STDERR_FILENO, bytes, len);
}

static void print_lines(void)
{
    (void)printf("{\"access_token\": \"printed by the module\"}\n");
    (void)fflush(stdout);
    (void)fprintf(stderr, "the module talks\n");
}

static void print_without_end(void)
{
    print_bytes("no end of a line", 16);
}

static void print_binary(void)
{
    print_bytes("\0\x1b[2J\xff\r\x9b"
                "31m\n",
                12);
}

static void print_megabyte(void)
{
    static char much[MEGABYTE];
    memset(much, 'm', sizeof much);
    print_bytes(much, sizeof much);
}

static void crash(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}

static void exit_well(void)
{
    exit(0);
}

static void exit_at_once(void)
{
    _exit(0);
}

static void exit_badly(void)
{
    exit(3);
}

static void hang(void)
{
    for (;;)
        (void)pause();
}

static void close_descriptors(void)
{
    for (int fd = 0; fd < 10; fd++)
        (void)close(fd);
}

// A process that lives on and keeps all that is open here. Its number goes to a file, for whoever ends it.
static void start_daemon(void)
{
    const char *path = getenv("BAD_MODULE_DAEMONS");
    const pid_t child = fork();
    if (child > 0)
        (void)waitpid(child, NULL, 0);
    if (child != 0)
        return;
    (void)setsid();
    if (fork() != 0)
        _exit(0);
    FILE *file = path == NULL ? NULL : fopen(path, "ae");
    if (file != NULL) {
        (void)fprintf(file, "%d\n", (int)getpid());
        (void)fclose(file);
    }
    for (int i = 0; i < DAEMON_S * 10; i++) {
        print_bytes("a daemon talks\n", 15);
        (void)usleep(100000);
    }
    _exit(0);
}

static void change_folder(void)
{
    if (chdir("/") != 0)
        abort();
}

static void change_signals(void)
{
    sigset_t all;
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_IGN);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, NULL);
}

static void hang_deaf(void)
{
    change_signals();
    hang();
}

static void terminate_itself(void)
{
    (void)kill(getpid(), SIGTERM);
}

// As often as somebody may have loaded it.
static void unload_itself(void)
{
    Dl_info about;
    void *self = dladdr(&list, &about) == 0 ? NULL : dlopen(about.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    if (self != NULL)
        for (int i = 0; i < 3 && dlclose(self) == 0; i++)
            continue;
}

static void come_back_twice(void)
{
    (void)fork();
}

// What is left in its place has not the socket, and lives on.
static void become_another(void)
{
    (void)execl("/bin/sleep", "sleep", "20", (char *)NULL);
}

static void end_thread(void)
{
    pthread_exit(NULL);
}

static const struct {
    const char *name;
    void (*deed)(void);
} deeds[] = {
    {"print", print_lines},
    {"print-without-end", print_without_end},
    {"print-binary", print_binary},
    {"print-megabyte", print_megabyte},
    {"crash", crash},
    {"abort", abort},
    {"exit-well", exit_well},
    {"exit-at-once", exit_at_once},
    {"exit-badly", exit_badly},
    {"hang", hang},
    {"close", close_descriptors},
    {"daemon", start_daemon},
    {"chdir", change_folder},
    {"signals", change_signals},
    {"hang-deaf", hang_deaf},
    {"terminate", terminate_itself},
    {"unload", unload_itself},
    {"fork", come_back_twice},
    {"become", become_another},
    {"end-thread", end_thread},
};

static bool is_told(const char *function, const char *deed)
{
    const char *told = getenv("BAD_MODULE");
    const size_t len = strlen(function);
    return told != NULL && strncmp(told, function, len) == 0 && told[len] == ' ' && strcmp(told + len + 1, deed) == 0;
}

static void act(const char *function)
{
    static bool acted;
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0] && !acted; i++)
        if (is_told(function, deeds[i].name)) {
            acted = true;
            reach();
            deeds[i].deed();
        }
}

static CK_RV initialize(void *arguments)
{
    act("C_Initialize");
    return real->C_Initialize(arguments);
}

static CK_RV finalize(void *reserved)
{
    act("C_Finalize");
    return real->C_Finalize(reserved);
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    act("C_GetSlotList");
    return real->C_GetSlotList(present, slots, count);
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    act("C_OpenSession");
    return real->C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    act("C_CloseSession");
    return real->C_CloseSession(session);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG len)
{
    act("C_Login");
    return real->C_Login(session, user, pin, len);
}

static CK_RV logout(CK_SESSION_HANDLE session)
{
    act("C_Logout");
    return real->C_Logout(session);
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    act("C_SignInit");
    return real->C_SignInit(session, mechanism, key);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature, CK_ULONG *len)
{
    act("C_Sign");
    return real->C_Sign(session, data, data_len, signature, len);
}

static void leave_out(void)
{
    const struct {
        const char *name;
        void **slot;
    } functions[] = {{"C_Initialize", (void **)&list.C_Initialize},
                     {"C_Finalize", (void **)&list.C_Finalize},
                     {"C_GetSlotList", (void **)&list.C_GetSlotList},
                     {"C_OpenSession", (void **)&list.C_OpenSession},
                     {"C_CloseSession", (void **)&list.C_CloseSession},
                     {"C_Login", (void **)&list.C_Login},
                     {"C_Logout", (void **)&list.C_Logout},
                     {"C_SignInit", (void **)&list.C_SignInit},
                     {"C_Sign", (void **)&list.C_Sign}};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (is_told(functions[i].name, "null"))
            *functions[i].slot = NULL;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out);
CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
    const char *path = getenv("BAD_MODULE_REAL");
    void *library = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get_list = NULL;
    if (library != NULL)
        *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    if (get_list == NULL || get_list(&real) != CKR_OK)
        return CKR_GENERAL_ERROR;
    list = *real;
    list.C_Initialize = initialize;
    list.C_Finalize = finalize;
    list.C_GetSlotList = get_slot_list;
    list.C_OpenSession = open_session;
    list.C_CloseSession = close_session;
    list.C_Login = login;
    list.C_Logout = logout;
    list.C_SignInit = sign_init;
    list.C_Sign = sign;
    leave_out();
    *out = is_told("C_GetFunctionList", "null") ? NULL : &list;
    act("C_GetFunctionList");
    return CKR_OK;
}
