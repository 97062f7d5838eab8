// The journal on a disk that fills up or breaks: what is read is what was written, and nothing that could not
// be.
#include "core/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/text.h"
#include "journal/closed_entry.h"
#include "journal/journal.h"

static bool broken; // the disk: what was written may or may not be on it

// In the place of libc's.
int fdatasync(int fd)
{
    (void)fd;
    errno = EIO;
    return broken ? -1 : 0;
}

static unsigned fault_at; // the lock on an entry, counted from 1, that fails once; 0: none

// In the place of libc's, too. The journal's own lock is no entry.
int flock(int fd, int operation)
{
    char link[64], path[512];
    assert_true(text_format(link, sizeof link, "/proc/self/fd/%d", fd));
    const ssize_t len = readlink(link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    if (strstr(path, ".lock") == NULL && fault_at > 0 && --fault_at == 0) {
        errno = ENOLCK;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

static struct ssa_settings *settings;
static struct ssa_run run;

static int set_up(void **state)
{
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    const int made = unit_folder(state);
    settings = ssa_settings_new();
    assert_non_null(settings);
    run = (struct ssa_run){.settings = settings};
    return made;
}

static int tear_down(void **state)
{
    ssa_settings_free(settings);
    return unit_folder_gone(state);
}

// Written so far, and no further.
static void limit(rlim_t bytes)
{
    struct rlimit now;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &now), 0);
    now.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
}

static void begin(struct journal *j)
{
    struct ssa_error err;
    SUCCEEDS(journal_begin(j, &run, OP_ACCOUNT_DELETE, &err));
    assert_true(text_format(j->entry->client_id, sizeof j->entry->client_id, "client"));
    assert_true(text_format(j->entry->account, sizeof j->entry->account, "ACCOUNT"));
}

// What another process finds.
static void reads_as(const char *id, enum step step, const char *note)
{
    JOURNAL_AUTO j = {.fd = -1};
    struct ssa_error err = {0};
    assert_int_equal(journal_open(&j, id, &err), FOUND_ENTRY);
    assert_int_equal(j.entry->step, step);
    assert_string_equal(j.entry->note, note);
    // It is left as it was found.
    if (j.fd >= 0)
        (void)close(j.fd);
    j.fd = -1;
}

static void note(struct journal *j, const char *text)
{
    assert_true(text_format(j->entry->note, sizeof j->entry->note, "%s", text));
}

static void a_line_that_did_not_fit_is_not_read(void **state)
{
    (void)state;
    struct ssa_error err;
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j);
    for (rlim_t room = 0; room < 500; room += 37) {
        limit(j.written + room);
        note(&j, "a note that makes the line that does not fit a long one");
        FAILS(journal_step(&j, STEP_ASKED, &err), SSA_CONFIG, "File too large");
        assert_int_equal(j.entry->step, STEP_BEGUN);
        limit(RLIM_INFINITY);
        reads_as(j.id, STEP_BEGUN, "");
    }
    note(&j, "x");
    SUCCEEDS(journal_step(&j, STEP_ASKED, &err));
    reads_as(j.id, STEP_ASKED, "x");
    journal_close(&j, OUTCOME_DONE);
}

static void a_line_that_may_be_there_is_written_over(void **state)
{
    (void)state;
    struct ssa_error err;
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j);
    note(&j, "a note that makes the line that is not synced longer than the next");
    broken = true;
    FAILS(journal_step(&j, STEP_ASKED, &err), SSA_CONFIG, "Input/output error");
    broken = false;
    // It is whole, and so read: that the step was taken is what recovery must reckon with.
    reads_as(j.id, STEP_ASKED, j.entry->note);
    note(&j, "x");
    SUCCEEDS(journal_step(&j, STEP_ASKED, &err));
    reads_as(j.id, STEP_ASKED, "x");
    journal_close(&j, OUTCOME_FAILED);
    struct ssa_chain chain;
    SUCCEEDS(ssa_history_verify(&run, &chain, &err));
}

static void writing_goes_on_behind_a_line_without_its_line_break(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    char id[JOURNAL_ID_MAX];
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j);
    SUCCEEDS(journal_step(&j, STEP_ASKED, &err));
    memcpy(id, j.id, sizeof id);
    assert_int_equal(ftruncate(j.fd, (off_t)j.written - 1), 0);
    assert_int_equal(close(j.fd), 0);
    assert_int_equal(journal_open(&j, id, &err), FOUND_ENTRY);
    assert_int_equal(j.entry->step, STEP_ASKED);
    note(&j, "found");
    SUCCEEDS(journal_step(&j, STEP_ASKED, &err));
    reads_as(id, STEP_ASKED, "found");
    journal_close(&j, OUTCOME_UNKNOWN);
    struct ssa_chain chain;
    SUCCEEDS(ssa_history_verify(&run, &chain, &err));
}

static void behind_one_that_broke_off_it_goes_on_in_its_place(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    char id[JOURNAL_ID_MAX];
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j);
    SUCCEEDS(journal_step(&j, STEP_ASKED, &err));
    memcpy(id, j.id, sizeof id);
    note(&j, "a note that makes the line that breaks off longer than the next is");
    SUCCEEDS(journal_step(&j, STEP_ASKED, &err));
    assert_int_equal(ftruncate(j.fd, (off_t)j.written - 2), 0);
    assert_int_equal(close(j.fd), 0);
    assert_int_equal(journal_open(&j, id, &err), FOUND_ENTRY);
    assert_string_equal(j.entry->note, "");
    assert_true(j.dirty > j.written);
    SUCCEEDS(journal_step(&j, STEP_ASKED, &err));
    reads_as(id, STEP_ASKED, "");
    journal_close(&j, OUTCOME_DONE);
    struct ssa_chain chain;
    SUCCEEDS(ssa_history_verify(&run, &chain, &err));
    assert_int_equal(chain.count, 4);
}

static void what_could_not_be_read_again_is_not_written(void **state)
{
    (void)state;
    struct ssa_error err;
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j);
    j.entry->account[0] = '\0';
    FAILS(journal_step(&j, STEP_ASKED, &err), SSA_CONFIG, "serviceAccountId");
    reads_as(j.id, STEP_BEGUN, "");
    journal_end(&j);
    JOURNAL_AUTO none = {.fd = -1};
    assert_int_equal(journal_open(&none, j.id, &err), FOUND_NOTHING);
}

static bool count_visit(void *context, struct journal *j, enum standing standing, struct ssa_error *err)
{
    unsigned *visits = context;
    (void)j, (void)err;
    assert_int_equal(standing, INTERRUPTED);
    ++*visits;
    return true;
}

// A fault that passes: the entry is seen, or it is counted as skipped. It is never taken for one that is not there, and
// nobody puts it away.
static void an_entry_that_cannot_be_locked_for_a_moment_is_seen_or_counted(void **state)
{
    (void)state;
    struct ssa_error err;
    JOURNAL_AUTO j = {.fd = -1};
    begin(&j);
    SUCCEEDS(journal_step(&j, STEP_ASKED, &err));
    assert_int_equal(close(j.fd), 0); // its process ends
    j.fd = -1;
    size_t times_skipped = 0;
    for (unsigned at = 1; at <= 4; at++) {
        unsigned visits = 0;
        size_t skipped = 0, forgotten = 0;
        fault_at = at;
        SUCCEEDS(journal_each_open(&run, count_visit, &visits, &skipped, &err));
        assert_int_equal(visits + skipped, 1);
        times_skipped += skipped;
        fault_at = at;
        SUCCEEDS(journal_forget_unknown(&run, &forgotten, &err));
        assert_int_equal(forgotten, 0);
        fault_at = 0;
    }
    assert_int_equal(times_skipped, 1);
    reads_as(j.id, STEP_ASKED, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_that_did_not_fit_is_not_read),
        cmocka_unit_test(a_line_that_may_be_there_is_written_over),
        cmocka_unit_test(writing_goes_on_behind_a_line_without_its_line_break),
        cmocka_unit_test(behind_one_that_broke_off_it_goes_on_in_its_place),
        cmocka_unit_test(an_entry_that_cannot_be_locked_for_a_moment_is_seen_or_counted),
        cmocka_unit_test(what_could_not_be_read_again_is_not_written),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
