// The profiles that there are, also those that cannot be used.
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "config/identity.h"
#include "config/profiles.h"
#include "config/reference.h"
#include "config/token_name.h"
#include "core/api.h"
#include "core/text.h"
#include "hsm/uri/uri_text.h"

static const char ending[] = ".env";

typedef void profile_show(void *context, const struct ssa_profile *profile);

// The profiles that are used where no option names one, by their paths.
struct usual {
    char paths[SSA_PROFILES_MAX][PATH_TEXT_MAX];
    size_t count;
    unsigned shown; // one bit for each
};

// A list that is not valid names no profile here: whoever uses it is told.
static void find_usual(const struct ssa_settings *settings, struct usual *usual)
{
    const char *variable = settings_from(settings, FROM_ENVIRONMENT, SET_PROFILE);
    struct profile_names names = {.count = 0};
    char path[PATH_TEXT_MAX];
    *usual = (struct usual){.count = 0};
    if (!profile_names_split(text_present(variable) ? variable : PROFILE_DEFAULT, &names, ERROR_IGNORED))
        return;
    for (size_t i = 0; i < names.count; i++)
        if (path_profile(names.list[i], path, ERROR_IGNORED) &&
            path_absolute(path, usual->paths[usual->count], ERROR_IGNORED))
            usual->count++;
}

static bool is_usual(struct usual *usual, const char *path)
{
    char whole[PATH_TEXT_MAX];
    for (size_t i = 0; path_absolute(path, whole, ERROR_IGNORED) && i < usual->count; i++)
        if (strcmp(usual->paths[i], whole) == 0) {
            usual->shown |= 1U << i;
            return true;
        }
    return false;
}

enum { PROBLEM_MAX = 2 * PATH_TEXT_MAX };

// The first warning is the problem.
static void keep_warning(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    char *problem = context;
    if (level == SSA_WARNING && problem[0] == '\0')
        text_harmless(problem, PROBLEM_MAX, span_text(notice->text));
}

// What a profile says, in a form that is harmless to a terminal.
struct said {
    char name[PATH_TEXT_MAX], path[PATH_TEXT_MAX], link[PATH_TEXT_MAX], problem[PROBLEM_MAX];
    char client_id[API_ID_MAX], account[API_ID_MAX], key_id[API_ID_MAX], email[API_EMAIL_MAX];
    char label[TOKEN_LABEL_TEXT];
};

static const char *text_of(const struct ssa_settings *alone, enum setting id)
{
    const char *value = settings_from(alone, FROM_PROFILE, id);
    return value != NULL ? value : "";
}

static void find_label(const struct ssa_settings *alone, char label[static TOKEN_LABEL_TEXT])
{
    const char *key = text_of(alone, SET_PRIVATE_KEY), *token = text_of(alone, SET_TOKEN);
    URI_AUTO *uri = NULL;
    label[0] = '\0';
    const bool parsed = key[0] != '\0'     ? uri_text_is_uri(key) && uri_parse(key, &uri, ERROR_IGNORED)
                        : token[0] != '\0' ? token_name_parse(token, &uri, ERROR_IGNORED)
                                           : false;
    if (parsed)
        uri_label_text(uri, label);
}

static void free_settings(struct ssa_settings **settings)
{
    ssa_settings_free(*settings);
}
#define SETTINGS_AUTO __attribute__((cleanup(free_settings))) struct ssa_settings

static void find_link(const char *path, char link[static PATH_TEXT_MAX])
{
    struct stat about;
    char end[PATH_TEXT_MAX];
    link[0] = '\0';
    if (lstat(path, &about) == 0 && S_ISLNK(about.st_mode) && path_resolved(path, end, ERROR_IGNORED))
        text_harmless(link, PATH_TEXT_MAX, span_text(end));
}

static void read_texts(const struct ssa_settings *alone, struct said *said)
{
    text_harmless(said->client_id, sizeof said->client_id, span_text(text_of(alone, SET_CLIENT_ID)));
    text_harmless(said->account, sizeof said->account, span_text(text_of(alone, SET_ACCOUNT_ID)));
    text_harmless(said->key_id, sizeof said->key_id, span_text(text_of(alone, SET_KEY_ID)));
    text_harmless(said->email, sizeof said->email, span_text(text_of(alone, SET_EMAIL)));
    find_label(alone, said->label);
}

// A key that is text, or a part of the four names alone, makes the profile useless, too. One that names no account may
// be for the client id alone.
static bool is_whole(const struct ssa_settings *alone, struct ssa_error *err)
{
    struct identity identity;
    return identity_source(alone) == FROM_NOWHERE || identity_read(alone, true, &identity, err) ||
           err->reason == SSA_REASON_ACCOUNT_WITHOUT_KEY;
}

// Whether the profile has the client secret itself, and not a reference to it.
static bool has_secret(const struct ssa_settings *alone)
{
    const char *secret = settings_secret_from(alone, FROM_PROFILE);
    return secret != NULL && !reference_text_is_reference(secret);
}

static bool has_key(const struct ssa_settings *alone)
{
    const char *key = text_of(alone, SET_PRIVATE_KEY);
    return key[0] != '\0' && !uri_text_is_uri(key);
}

static bool show_one(const char *name, const char *path, bool usual, profile_show *show, void *context,
                     struct ssa_error *err)
{
    struct said said = {.problem = ""};
    const struct ssa_callbacks callbacks = {.context = said.problem, .tell = keep_warning};
    struct ssa_error why = {0};
    SETTINGS_AUTO *alone = ssa_settings_new();
    if (alone == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for profiles");
    const bool usable = ssa_settings_profile(alone, path, false, &callbacks, &why) && is_whole(alone, &why);
    text_harmless(said.name, sizeof said.name, span_text(name));
    text_harmless(said.path, sizeof said.path, span_text(path));
    find_link(path, said.link);
    read_texts(alone, &said);
    const struct ssa_profile profile = {.name = said.name,
                                        .path = said.path,
                                        .link = said.link,
                                        .usual = usual,
                                        .client_id = said.client_id,
                                        .account = said.account,
                                        .email = said.email,
                                        .key_id = said.key_id,
                                        .token = said.label,
                                        .has_secret = has_secret(alone),
                                        .has_key = has_key(alone),
                                        .problem = said.problem,
                                        .error = usable ? NULL : &why};
    show(context, &profile);
    return true;
}

static int is_profile(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name), end = sizeof ending - 1;
    return entry->d_name[0] != '.' && len > end && strcmp(entry->d_name + len - end, ending) == 0;
}

// The name of a profile; its path where an option would not take its name.
static bool show_file(const char *folder, const char *file, struct usual *usual, profile_show *show, void *context,
                      struct ssa_error *err)
{
    char path[PATH_TEXT_MAX], name[PATH_TEXT_MAX], named[PATH_TEXT_MAX];
    const int len = (int)(strlen(file) - (sizeof ending - 1));
    // A path that is too long for this program cannot be its profile's.
    if (!path_format(path, ERROR_IGNORED, "%s/%s", folder, file) ||
        !path_format(name, ERROR_IGNORED, "%.*s", len, file))
        return true;
    const bool plain = path_profile(name, named, ERROR_IGNORED);
    return show_one(plain ? name : path, path, is_usual(usual, path), show, context, err);
}

static bool show_folder(const char *folder, struct usual *usual, profile_show *show, void *context,
                        struct ssa_error *err)
{
    struct dirent **files = NULL;
    const int count = scandir(folder, &files, is_profile, alphasort);
    if (count < 0)
        return errno == ENOENT || error_errno(err, SSA_CONFIG, errno, folder, "the folder cannot be read");
    bool ok = true;
    for (int i = 0; i < count; i++) {
        ok = ok && show_file(folder, files[i]->d_name, usual, show, context, err);
        free(files[i]);
    }
    free(files);
    return ok;
}

bool ssa_profile_list(const struct ssa_settings *settings, profile_show *show, void *context, struct ssa_error *err)
{
    char folder[PATH_TEXT_MAX];
    struct usual usual;
    err = ERROR_OR_IGNORED(err);
    find_usual(settings, &usual);
    if (!path_config(folder, err) || !show_folder(folder, &usual, show, context, err))
        return false;
    // Where no variable names it, the profile "default" need not exist.
    const bool named = text_present(settings_from(settings, FROM_ENVIRONMENT, SET_PROFILE));
    for (size_t i = 0; named && i < usual.count; i++)
        if ((usual.shown & 1U << i) == 0 && !show_one(usual.paths[i], usual.paths[i], true, show, context, err))
            return false;
    return true;
}

bool ssa_profile_about(const struct ssa_settings *settings, const char *name, profile_show *show, void *context,
                       struct ssa_error *err)
{
    char path[PATH_TEXT_MAX], whole[PATH_TEXT_MAX];
    struct usual usual;
    struct stat about;
    err = ERROR_OR_IGNORED(err);
    find_usual(settings, &usual);
    if (!path_profile(name, path, err) || !path_absolute(path, whole, err))
        return false;
    if (lstat(whole, &about) == 0)
        return show_one(name, whole, is_usual(&usual, whole), show, context, err);
    const int number = errno;
    error_errno(err, SSA_CONFIG, number, whole, "the profile cannot be read");
    return number == ENOENT ? error_reason(err, SSA_REASON_NO_PROFILE, NULL) : false;
}
