// What the unit tests share.
#include "core/unit.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"

char unit_in[64];

void unit_check_error(const struct ssa_error *err, enum ssa_class expected, const char *mention, const char *call)
{
    char text[4096];
    ssa_error_text(err, text, sizeof text);
    if (err->code != expected)
        fail_msg("%s: class %d instead of %d: %s", call, (int)err->code, (int)expected, text);
    if (strstr(text, mention) == NULL)
        fail_msg("%s: \"%s\" is not in: %s", call, mention, text);
}

void unit_secret(struct secret *s, size_t capacity, struct span text)
{
    struct ssa_error err;
    SUCCEEDS(secret_new(s, capacity, &err));
    assert_true(secret_append(s, text));
}

static void point(const char *variable, const char *name)
{
    assert_int_equal(setenv(variable, unit_path(name), 1), 0);
}

int unit_folder(void **state)
{
    (void)state;
    (void)text_format(unit_in, sizeof unit_in, "/tmp/ssa-hsm-unit.XXXXXX");
    if (mkdtemp(unit_in) == NULL)
        return -1;
    point("HOME", "home");
    point("XDG_CONFIG_HOME", "config");
    point("XDG_STATE_HOME", "state");
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *ftw)
{
    (void)about;
    (void)kind;
    (void)ftw;
    return remove(path);
}

int unit_folder_gone(void **state)
{
    (void)state;
    return nftw(unit_in, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *unit_path(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    assert_true(text_format(path, sizeof paths[0], "%s/%s", unit_in, name));
    return path;
}

const char *unit_write(const char *name, const char *text, mode_t mode)
{
    char folder[512];
    const char *path = unit_path(name);
    assert_true(text_format(folder, sizeof folder, "%s", path));
    for (char *slash = folder + strlen(unit_in) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(folder, 0700) != 0)
            assert_int_equal(errno, EEXIST);
        *slash = '/';
    }
    // A former one may be closed to writers.
    (void)remove(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fchmod(fileno(file), mode), 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

void unit_tell(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    struct unit_heard *heard = context;
    heard->count++;
    heard->level = level;
    (void)text_format(heard->line, sizeof heard->line, "%s", notice->text);
}

uint32_t unit_random(uint32_t below)
{
    static uint64_t state = 0x9e3779b97f4a7c15U;
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(state >> 33) % below;
}

void unit_drop_privileges(void)
{
    // Nobody's id; leaving root drops the capabilities too (capabilities(7)).
    if (geteuid() == 0 && (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0))
        _exit(99);
}

bool unit_is_own_host(void (*act)(const char *what))
{
    char self[4096];
    const char *what = getenv("ACT");
    if (what != NULL)
        act(what);
    const ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0)
        return false;
    self[len] = '\0';
    return setenv("SSA_HSM_HOST", self, 1) == 0;
}

void unit_in_child(bool (*check)(void *), void *context)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(check(context) ? 0 : 1);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}
