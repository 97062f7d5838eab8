#include "cli/complete/values.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/callers/callers_file.h"
#include "cli/agent/caller.h"
#include "config/dotenv.h"
#include "config/paths.h"
#include "core/descriptor.h"
#include "core/monotonic.h"
#include "core/read.h"
#include "core/text.h"

enum { PROFILE_TEXT_MAX = 64 * 1024, TOKENS_MS = 1500, CLOSING_MS = 200 };

typedef void profile_visit(void *context, const char *name, const char *path);

// A name that is too long is left out, since it could not be used either.
static void each_profile(profile_visit *visit, void *context)
{
    static const char ending[] = ".env";
    enum { ENDING = sizeof ending - 1 };
    char folder[PATH_TEXT_MAX], path[PATH_TEXT_MAX], name[PATH_TEXT_MAX];
    DIR *dir = path_config(folder, ERROR_IGNORED) ? opendir(folder) : NULL;
    if (dir == NULL)
        return;
    for (const struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
        const size_t len = strlen(d->d_name);
        if (d->d_name[0] != '.' && len > ENDING && strcmp(d->d_name + len - ENDING, ending) == 0 &&
            text_format(name, sizeof name, "%.*s", (int)(len - ENDING), d->d_name) &&
            text_format(path, sizeof path, "%s/%s", folder, d->d_name))
            visit(context, name, path);
    }
    (void)closedir(dir);
}

struct values {
    value_visit *visit;
    void *context;
    const char *profile;
    const char *names[3]; // the names in a profile whose values are shown; ends with NULL
};

static void show_profile(void *context, const char *name, const char *path)
{
    const struct values *values = context;
    (void)path;
    values->visit(values->context, name, "");
}

void values_profiles(value_visit *visit, void *context)
{
    struct values values = {.visit = visit, .context = context};
    each_profile(show_profile, &values);
}

void values_callers(value_visit *visit, void *context)
{
    char path[PATH_TEXT_MAX];
    CALLERS_AUTO callers = {0};
    if (caller_path(path, ERROR_IGNORED) && callers_read(path, &callers, ERROR_IGNORED))
        for (size_t i = 0; i < callers.count; i++)
            visit(context, callers.list[i].name, callers.list[i].scope);
}

static bool show_assignment(void *context, const struct assignment *assignment, struct ssa_error *err)
{
    const struct values *values = context;
    (void)err;
    for (size_t i = 0; values->names[i] != NULL; i++)
        if (strcmp(assignment->name, values->names[i]) == 0 && assignment->value[0] != '\0')
            values->visit(values->context, assignment->value, values->profile);
    return true;
}

// A profile that cannot be read has no values to show. The command itself says why.
static void show_values(void *context, const char *name, const char *path)
{
    struct values *values = context;
    struct stat about;
    DESCRIPTOR_AUTO fd = read_open(path);
    SECRET_AUTO text = {0};
    if (fd < 0 || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size > PROFILE_TEXT_MAX ||
        !secret_new(&text, PROFILE_TEXT_MAX, ERROR_IGNORED) || !read_secret(&text, fd, path, NULL, ERROR_IGNORED))
        return;
    values->profile = name;
    if (!dotenv_read(&text, path, show_assignment, values, ERROR_IGNORED))
        return;
}

void values_keys(value_visit *visit, void *context)
{
    struct values values = {.visit = visit, .context = context, .names = {"KEY_ID"}};
    each_profile(show_values, &values);
}

void values_accounts(value_visit *visit, void *context)
{
    struct values values = {.visit = visit, .context = context, .names = {"SERVICE_ACCOUNT_ID", "SSA_EMAIL"}};
    each_profile(show_values, &values);
}

static void show_token(void *context, const struct ssa_listing *line)
{
    const struct values *values = context;
    if (line->depth == 1)
        values->visit(values->context, line->uri, line->label);
}

static bool is_late(void *context)
{
    const long long *until = context;
    return monotonic_ms() > *until;
}

void values_tokens(const char *module, value_visit *visit, void *context)
{
    long long until = monotonic_ms() + TOKENS_MS;
    struct values values = {.visit = visit, .context = context};
    struct ssa_settings *settings = ssa_settings_new();
    const struct ssa_run run = {
        .settings = settings,
        .timeout = 1,
        .callbacks = {.context = &until, .interrupted = is_late, .patience = 1},
    };
    const bool ready = settings != NULL && ssa_settings_environment(settings, environ, false, ERROR_IGNORED) &&
                       (module == NULL || ssa_settings_option(settings, "SSA_HSM_MODULE", module, ERROR_IGNORED));
    // What was listed before a failure is good.
    if (ready && !ssa_hsm_list(&run, false, show_token, &values, ERROR_IGNORED))
        until = 0;
    ssa_modules_settle(CLOSING_MS, &run.callbacks);
    ssa_settings_free(settings);
}
