// A SoftHSM token, where there is no PKCS#11 token: made by SoftHSM's own tool, which asks for the PINs itself.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/output/print.h"
#include "cli/output/waiting.h"
#include "cli/setup/plain.h"
#include "cli/setup/setup.h"
#include "cli/terminal/terminal.h"
#include "core/callback.h"
#include "core/descriptor.h"
#include "core/text.h"
#include "core/write.h"

enum { LABEL_MAX = 33 };

static const char tool[] = "softhsm2-util", usual_label[] = "ssa-hsm";
static const char system_folder[] = "/var/lib/softhsm/tokens", system_file[] = "/etc/softhsm/softhsm2.conf";

static const char file_command[] =
    "mkdir -m 700 -p ~/.config/softhsm2 ~/.local/share/softhsm2/tokens && printf 'directories.tokendir = %s\\n' "
    "~/.local/share/softhsm2/tokens > ~/.config/softhsm2/softhsm2.conf";

static bool is_installed(void)
{
    const char *path = getenv("PATH");
    for (size_t len; path != NULL; path = path[len] == ':' ? path + len + 1 : NULL) {
        char file[PATH_TEXT_MAX];
        len = strcspn(path, ":");
        if (text_format(file, sizeof file, "%.*s/%s", (int)len, path, tool) && access(file, X_OK) == 0)
            return true;
    }
    return false;
}

// Where SoftHSM reads its configuration for this user alone, and where that would have the tokens.
struct softhsm_files {
    char file[PATH_TEXT_MAX], folder[PATH_TEXT_MAX];
};

static bool name_files(struct softhsm_files *files, struct ssa_error *err)
{
    const char *home = getenv("HOME");
    if (!text_present(home))
        return error_set(err, SSA_CONFIG, NULL, "HOME", "is not set");
    return path_format(files->file, err, "%s/.config/softhsm2/softhsm2.conf", home) &&
           path_format(files->folder, err, "%s/.local/share/softhsm2/tokens", home);
}

// SoftHSM's own folder is usually for a group that a person does not belong to.
static bool needs_files(const struct softhsm_files *files)
{
    return getenv("SOFTHSM2_CONF") == NULL && access(files->file, F_OK) != 0 &&
           (access(system_file, R_OK) != 0 || access(system_folder, R_OK | W_OK | X_OK) != 0);
}

static bool write_file(const struct softhsm_files *files, struct ssa_error *err)
{
    char folder[PATH_TEXT_MAX], text[PATH_TEXT_MAX + 128];
    if (!path_format(folder, err, "%.*s", (int)(strrchr(files->file, '/') - files->file), files->file) ||
        !path_make(folder, err) || !path_make(files->folder, err))
        return false;
    if (!text_format(text, sizeof text, "directories.tokendir = %s\nobjectstore.backend = file\n", files->folder))
        return error_set(err, SSA_CONFIG, NULL, files->folder, "the path is too long");
    DESCRIPTOR_AUTO fd = open(files->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd >= 0 && write_all(fd, span_text(text)) && write_sync_file(fd))
        return true;
    const int number = errno;
    // A part of it would be taken for a whole configuration.
    if (fd >= 0)
        (void)unlink(files->file);
    return error_errno(err, SSA_CONFIG, number, files->file, "the file cannot be written");
}

static bool make_files(struct setup *s, struct ssa_error *err)
{
    struct softhsm_files files;
    if (!name_files(&files, err))
        return false;
    if (!needs_files(&files))
        return true;
    print_note("SoftHSM's folder %s is not for this user; %s names one that is\n$ %s", system_folder, files.file,
               file_command);
    if (!callback_confirms(&s->run.callbacks, "Write %s, so that tokens are in %s?", files.file, files.folder))
        return setup_declined(err, "no PKCS#11 token was made");
    return write_file(&files, err);
}

// The tool is at the terminal as if it had been typed there. It gets none of our secrets.
static bool start(const struct setup *s, const char *label, pid_t *pid, struct ssa_error *err)
{
    char *argv[] = {(char *)(uintptr_t)tool,       (char *)(uintptr_t) "--init-token", (char *)(uintptr_t) "--free",
                    (char *)(uintptr_t) "--label", (char *)(uintptr_t)label,           NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t usual;
    size_t count = 0, kept = 0;
    while (environ[count] != NULL)
        count++;
    char **environment = calloc(count + 1, sizeof *environment);
    if (environment == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for an environment");
    for (size_t i = 0; i < count; i++) {
        char name[SETUP_TEXT_MAX];
        const bool known = text_format(name, sizeof name, "%.*s", (int)strcspn(environ[i], "="), environ[i]);
        if (!known || !ssa_settings_withheld(s->settings, name))
            environment[kept++] = environ[i];
    }
    (void)sigfillset(&usual);
    int number = posix_spawn_file_actions_init(&files);
    if (number == 0)
        number = posix_spawnattr_init(&attributes);
    if (number == 0) {
        (void)posix_spawnattr_setsigdefault(&attributes, &usual);
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && number == 0; fd++)
            number = posix_spawn_file_actions_addopen(&files, fd, "/dev/tty", O_RDWR, 0);
        if (number == 0)
            number = posix_spawnp(pid, tool, &files, &attributes, argv, environment);
        (void)posix_spawnattr_destroy(&attributes);
        (void)posix_spawn_file_actions_destroy(&files);
    }
    free(environment);
    return number == 0 || error_errno(err, SSA_UNEXPECTED, number, tool, "cannot be run");
}

static bool run_tool(const struct setup *s, const char *label, struct ssa_error *err)
{
    pid_t pid = -1;
    int status = 0;
    waiting_erase();
    if (!start(s, label, &pid, err))
        return false;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return error_errno(err, SSA_UNEXPECTED, errno, tool, "its end is not known");
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
           error_set(err, SSA_ABSENT, NULL, tool, "made no PKCS#11 token; its message is above");
}

bool setup_make_softhsm_token(struct setup *s, struct ssa_error *err)
{
    char label[LABEL_MAX];
    if (!is_installed()) {
        error_set(err, SSA_ABSENT, NULL, NULL, "no PKCS#11 token is there that can take a key");
        return error_hint(err,
                          "Plug one in, name its module with --module, or install SoftHSM (Debian: softhsm2), which "
                          "keeps keys in files. Then run `ssa-hsm setup` again.");
    }
    print_note(
        "no PKCS#11 token is there that can take a key. SoftHSM can make one in files of yours: such a key is as "
        "safe as these files and their PIN, and no safer. With a YubiKey or an HSM, stop here and plug it in.");
    if (!callback_confirms(&s->run.callbacks, "Make a SoftHSM token?"))
        return setup_declined(err, "no PKCS#11 token was made");
    if (!make_files(s, err) || !terminal_ask_text("Label of the new token", usual_label, label, sizeof label, err))
        return false;
    plain_say("softhsm2-util asks for two PINs, each twice. The SO PIN sets a new user PIN when that is lost. The user "
              "PIN is the one that ssa-hsm asks for.",
              WORDS(tool, "--init-token", "--free", "--label", label));
    return run_tool(s, label, err);
}

bool setup_plan_softhsm_token(struct setup *s, struct ssa_error *err)
{
    struct softhsm_files files;
    if (!text_format(s->token, sizeof s->token, "%s", usual_label) || !name_files(&files, err))
        return false;
    if (needs_files(&files) && (!print_result(span_text("# give SoftHSM a folder of this user\n"), err) ||
                                !print_result(span_text(file_command), err) || !print_result(span_text("\n"), err)))
        return false;
    return plain_print("make a PKCS#11 token with SoftHSM, since there is none; it asks for two PINs",
                       WORDS(tool, "--init-token", "--free", "--label", usual_label), err);
}
