// Asking through a pinentry: the answers it may give, and all the ways in which it may give none.
#include "core/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/monotonic.h"
#include "core/text.h"
#include "pin/pinentry.h"

enum { CAPACITY = 32 };

static const struct pinentry_limits brief = {.reply_ms = 700, .answer_s = 1};
// Valgrind takes its time to begin a child.
static const struct pinentry_limits patient = {.reply_ms = 10000, .answer_s = 20};
static const struct pinentry_limits *limits;

static long long interrupted_at; // 0: never

static bool is_interrupted(void *context)
{
    (void)context;
    return interrupted_at != 0 && monotonic_ms() >= interrupted_at;
}

static const struct ssa_callbacks callbacks = {.interrupted = is_interrupted};

// A script that answers OK to each command, and with the lines of shell in getpin to GETPIN. What it hears,
// it writes to "heard".
static const char *fake(const char *first, const char *getpin)
{
    char script[4096];
    assert_true(text_format(script, sizeof script,
                            "#!/bin/sh\n"
                            "heard=%s/heard\n"
                            ": >\"$heard\"\n"
                            "%s\n"
                            "echo 'OK Pleased to meet you'\n"
                            "while IFS= read -r line; do\n"
                            "  printf '%%s\\n' \"$line\" >>\"$heard\"\n"
                            "  case $line in\n"
                            "  GETPIN)\n%s\n;;\n"
                            "  BYE) echo 'OK closing connection'; exit 0 ;;\n"
                            "  OPTION*lc-ctype*) echo 'ERR 83886254 Unknown option <Pinentry>' ;;\n"
                            "  *) echo OK ;;\n"
                            "  esac\n"
                            "done\n",
                            unit_in, first, getpin));
    return unit_write("pinentry", script, 0700);
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    assert_int_equal(closedir(folder), 0);
    return count;
}

static bool ask_with_text(const char *program, const char *description, struct secret *pin, struct ssa_error *err)
{
    const unsigned before = open_descriptors();
    unit_secret(pin, CAPACITY, span_text(""));
    const bool ok = pinentry_ask_within(limits, program, description, "PIN", &callbacks, pin, err);
    // Neither a child, running or as a zombie, nor a descriptor is left.
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(open_descriptors(), before);
    return ok;
}

static bool ask(const char *program, struct secret *pin, struct ssa_error *err)
{
    return ask_with_text(program, "Token \"work\"\nserial 42", pin, err);
}

static void gives(const char *getpin, const char *expected)
{
    struct ssa_error err;
    SECRET_AUTO pin = {0};
    SUCCEEDS(ask(fake("", getpin), &pin, &err));
    assert_string_equal(secret_text(&pin), expected);
    assert_int_equal(pin.len, strlen(expected));
}

static void fails(const char *first, const char *getpin, const char *mention)
{
    static const uint8_t nothing[CAPACITY];
    struct ssa_error err;
    SECRET_AUTO pin = {0};
    FAILS(ask(fake(first, getpin), &pin, &err), SSA_PIN, mention);
    assert_int_equal(pin.len, 0);
    assert_memory_equal(pin.data, nothing, CAPACITY);
    assert_null(strstr(err.what, "1234"));
    assert_null(strstr(err.hint, "1234"));
}

static bool was_heard(const char *text)
{
    static char heard[8192];
    const int fd = open(unit_path("heard"), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const ssize_t got = read(fd, heard, sizeof heard - 1);
    assert_true(got >= 0);
    heard[got] = '\0';
    assert_int_equal(close(fd), 0);
    return strstr(heard, text) != NULL;
}

static int reset(void **state)
{
    (void)state;
    limits = &patient;
    interrupted_at = 0;
    return 0;
}

static void what_was_typed_is_given(void **state)
{
    (void)state;
    gives("echo 'D 1234'; echo OK", "1234");
    gives("echo 'D 12%25 3%34%0a%0D'; echo OK", "12% 34\n\r");
    gives("echo 'D 12'; echo 'D 34'; echo OK fine", "1234");
    gives("printf 'D 1234\\r\\nOK\\r\\n'", "1234");
    gives("printf 'D 12'; sleep 0.1; printf '34\\nO'; sleep 0.1; echo K", "1234");
    gives("echo '# a comment'; echo; echo 'S PASSWORD_FROM_CACHE'; echo S; echo 'D  1 '; echo OK", " 1 ");
    gives("echo 'D 12345678901234567890123456789012'; echo OK", "12345678901234567890123456789012");
}

static void what_is_said_is_escaped_and_harmless(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO pin = {0};
    assert_int_equal(setenv("TERM", "dumb\nGETPIN", 1), 0);
    assert_int_equal(setenv("LC_ALL", "C.UTF-8", 1), 0);
    SUCCEEDS(ask_with_text(fake("", "echo 'D 1234'; echo OK"), "100 % \x1b[2J\\\nl\xc3\xa4ngs\rx\\", &pin, &err));
    assert_true(was_heard("\nSETDESC 100 %25 ?[2J%5C%0Al\xc3\xa4ngs"));
    assert_true(was_heard("\nSETPROMPT PIN\n"));
    assert_true(was_heard("\nSETTIMEOUT 20\n"));
    assert_true(was_heard("lc-ctype=C.UTF-8\n")); // which it refused
    assert_false(was_heard("ttytype"));
    assert_true(was_heard("GETPIN\nBYE\n"));
    assert_int_equal(unsetenv("TERM"), 0);

    char endless[2000];
    memset(endless, 'x', sizeof endless);
    for (size_t i = 100; i < sizeof endless; i += 100)
        endless[i] = '\n';
    endless[sizeof endless - 1] = '\0';
    SECRET_AUTO other = {0};
    FAILS(ask_with_text(fake("", "echo OK"), endless, &other, &err), SSA_UNEXPECTED, "too long");
}

static void an_inquiry_is_answered_with_nothing(void **state)
{
    (void)state;
    gives("echo 'INQUIRE QUALITY 12'; read -r line; [ \"$line\" = END ] && echo 'D 1234'; echo OK", "1234");
}

static void a_refusal_has_its_reason(void **state)
{
    (void)state;
    fails("", "echo 'ERR 83886179 Operation cancelled <Pinentry>'", "cancelled; nothing was done");
    assert_true(was_heard("GETPIN\nBYE\n")); // asked once
    fails("", "echo 'ERR 99'", "cancelled");
    fails("", "echo 'ERR 83886142 Timeout <Pinentry>'", "nobody answered in 20 s; nothing was done (GPG_ERR_TIMEOUT)");
    fails("", "echo 'D 1234'; echo 'ERR 83886179 Operation cancelled <Pinentry>'", "cancelled");
    fails("", "echo 'ERR 83918950 Inappropriate ioctl for device <Pinentry>'", "Inappropriate ioctl");
    fails("", "echo 'ERR 83918950 Inappropriate ioctl for device <Pinentry>'", "(ERR 83918950)");
    fails("", "echo ERR", "no reason given");
    fails("echo 'ERR 83886166 No pinentry <Pinentry>'; exit 1", "", "No pinentry");
    fails("", "echo OK", "nothing was typed; nothing was done");
    fails("", "echo 'D '; echo OK", "nothing was typed");
    fails("", "echo 'D 123456789012345678901234567890123'; echo OK", "longer than 32 bytes");
    fails("", "echo 'D 12345678901234567890'; echo 'D 12345678901234567890'; echo OK", "longer than 32 bytes");
}

static void what_is_no_assuan_is_recognised(void **state)
{
    (void)state;
    static const char mention[] = "does not speak the protocol";
    fails("echo hello; exec sleep 20", "", mention);
    fails("echo OKAY; exec sleep 20", "", mention);
    fails("echo 'D 1234'; exec sleep 20", "", mention);
    fails("", "echo 1234; exec sleep 20", mention);
    fails("", "echo D; exec sleep 20", mention);
    fails("", "echo 'D 1234%4'; exec sleep 20", mention);
    fails("", "echo 'D 1234%zz'; exec sleep 20", mention);
    fails("", "printf '\\000\\377\\n'; exec sleep 20", mention);
    fails("", "printf 'D 1234%02000d' 0; exec sleep 20", mention);
    fails("", "printf 'D 1234%02000d\\nOK\\n' 0; exec sleep 20", mention);
}

static void one_that_ends_is_recognised(void **state)
{
    (void)state;
    static const char mention[] = "ended without an answer";
    fails("exit 0", "", mention);
    fails("kill -9 $$", "", mention);
    fails("", "exit 3", mention);
    fails("", "printf 'D 1234'; exit 0", mention);
    fails("", "echo 'D 1234'; kill -9 $$", mention);
    fails("exec <&-", "", mention);
    // By an INT from the keyboard, which we have seen too.
    interrupted_at = 1;
    fails("exit 0", "", "interrupted; nothing was done");
}

static void one_that_is_silent_is_ended(void **state)
{
    (void)state;
    limits = &brief;
    fails("exec sleep 20", "", "does not answer");
    fails("", "exec sleep 20", "nobody answered in 1 s");
    fails("trap '' TERM; while :; do sleep 0.1; done", "", "does not answer");
    fails("kill -STOP $$", "", "does not answer");
    // Nor do words without end take the place of an answer.
    fails("", "while echo 'S still here'; do :; done", "nobody answered in 1 s");
}

static void an_interruption_is_seen_at_once(void **state)
{
    (void)state;
    long long began = monotonic_ms();
    interrupted_at = began + 500;
    fails("", "exec sleep 20", "interrupted; nothing was done");
    assert_true(monotonic_ms() - began < 5000);
    began = monotonic_ms();
    interrupted_at = began + 500;
    fails("exec sleep 20", "", "interrupted; nothing was done");
    assert_true(monotonic_ms() - began < 5000);
}

static void one_that_stays_after_its_answer_is_ended(void **state)
{
    (void)state;
    gives("echo 'D 1234'; echo OK; exec sleep 20", "1234");
}

static void cannot_run(const char *program)
{
    struct ssa_error err;
    SECRET_AUTO pin = {0};
    FAILS(ask(program, &pin, &err), SSA_CONFIG, "cannot be run (");
    assert_int_equal(err.reason, SSA_REASON_NO_PINENTRY);
}

static void what_cannot_be_run_is_told(void **state)
{
    (void)state;
    cannot_run("/nowhere/pinentry");
    cannot_run("no-such-pinentry");
    cannot_run("");
    cannot_run("/tmp");
    cannot_run(unit_write("data", "echo OK\n", 0600));
    cannot_run(unit_write("bare", "echo OK\n", 0700)); // no shell takes care of it
    cannot_run(fake("exec /nowhere/pinentry", ""));
}

static void it_is_found_in_path(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO pin = {0};
    char path[1024], before[1024];
    assert_true(text_format(before, sizeof before, "%s", getenv("PATH")));
    assert_true(text_format(path, sizeof path, "%s:%s", unit_in, before));
    (void)fake("", "echo 'D 1234'; echo OK");
    assert_int_equal(setenv("PATH", path, 1), 0);
    SUCCEEDS(ask("pinentry", &pin, &err));
    assert_int_equal(setenv("PATH", before, 1), 0);
    assert_string_equal(secret_text(&pin), "1234");
}

static void the_child_gets_nothing_of_ours(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO pin = {0};
    sigset_t set, before;
    const int fd = fcntl(STDERR_FILENO, F_DUPFD, 77); // without FD_CLOEXEC
    assert_int_equal(fd, 77);
    assert_int_equal(setenv("APS_SECRET_ID", "secret", 1), 0);
    assert_int_equal(setenv("LANGUAGE_OF_OURS", "secret", 1), 0);
    assert_int_equal(setenv("DISPLAY", ":7", 1), 0);
    assert_int_equal(setenv("LC_TIME", "C", 1), 0);
    assert_int_equal(sigfillset(&set), 0);
    assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
    assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    // Read by the shell itself, which blocks all signals while it waits for another.
    const char *program = fake("{ env; while read -r line; do echo \"$line\"; done </proc/self/status;"
                               " [ -e /proc/$$/fd/77 ] && echo open; } >>\"$heard\"",
                               "echo 'D 1234'; echo OK");
    SUCCEEDS(ask(program, &pin, &err));
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unsetenv("APS_SECRET_ID"), 0);
    assert_false(was_heard("secret"));
    assert_false(was_heard("open"));
    assert_true(was_heard("DISPLAY=:7\n"));
    assert_true(was_heard("LC_TIME=C\n"));
    assert_true(was_heard("HOME="));
    assert_true(was_heard("SigBlk:\t0000000000000000"));
    // glibc keeps two of its own, 32 and 33, ignored.
    assert_true(was_heard("SigIgn:\t0000000000000000") || was_heard("SigIgn:\t0000000180000000"));
}

// In a session of its own: whether the terminal is found, and put right after a child that left it silent.
static bool puts_the_terminal_right(void *context)
{
    const bool as_input = *(const bool *)context;
    struct termios now;
    char told[128];
    if (setsid() < 0)
        return false;
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return false;
    const int terminal = open(ptsname(master), O_RDWR | O_CLOEXEC); // becomes the controlling one
    if (terminal < 0 || dup2(as_input ? terminal : open("/dev/null", O_RDWR), 0) != 0 || dup2(0, 1) != 1)
        return false;
    const int error = open("/dev/null", O_WRONLY);
    if (!as_input && dup2(error, 2) != 2)
        return false;
    struct ssa_error err;
    SECRET_AUTO pin = {0};
    const bool ok = ask(fake("", "stty -echo </dev/tty; kill -9 $$"), &pin, &err);
    (void)text_format(told, sizeof told, "OPTION ttyname=%s\n", as_input ? ptsname(master) : "/dev/tty");
    return !ok && was_heard(told) && tcgetattr(terminal, &now) == 0 && (now.c_lflag & ECHO) != 0;
}

static void the_terminal_is_left_as_it_was(void **state)
{
    (void)state;
    bool as_input = true;
    unit_in_child(puts_the_terminal_right, &as_input);
    as_input = false;
    unit_in_child(puts_the_terminal_right, &as_input);
}

static void without_a_terminal_gpg_tty_counts(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO pin = {0};
    if (setsid() < 0 && getpid() != getsid(0))
        fail();
    assert_int_equal(setenv("GPG_TTY", "/dev/pts/of-another", 1), 0);
    SUCCEEDS(ask(fake("", "echo 'D 1234'; echo OK"), &pin, &err));
    assert_true(was_heard("OPTION ttyname=/dev/pts/of-another\n"));
    assert_int_equal(setenv("GPG_TTY", "/dev/pts/1\nGETPIN", 1), 0);
    SECRET_AUTO other = {0};
    SUCCEEDS(ask(fake("", "echo 'D 1234'; echo OK"), &other, &err));
    assert_false(was_heard("ttyname"));
    assert_int_equal(unsetenv("GPG_TTY"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_typed_is_given, reset),
        cmocka_unit_test_setup(what_is_said_is_escaped_and_harmless, reset),
        cmocka_unit_test_setup(an_inquiry_is_answered_with_nothing, reset),
        cmocka_unit_test_setup(a_refusal_has_its_reason, reset),
        cmocka_unit_test_setup(what_is_no_assuan_is_recognised, reset),
        cmocka_unit_test_setup(one_that_ends_is_recognised, reset),
        cmocka_unit_test_setup(one_that_is_silent_is_ended, reset),
        cmocka_unit_test_setup(an_interruption_is_seen_at_once, reset),
        cmocka_unit_test_setup(one_that_stays_after_its_answer_is_ended, reset),
        cmocka_unit_test_setup(what_cannot_be_run_is_told, reset),
        cmocka_unit_test_setup(it_is_found_in_path, reset),
        cmocka_unit_test_setup(the_child_gets_nothing_of_ours, reset),
        cmocka_unit_test_setup(the_terminal_is_left_as_it_was, reset),
        cmocka_unit_test_setup(without_a_terminal_gpg_tty_counts, reset),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
