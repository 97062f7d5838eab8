// The agent: whether one runs, answers, is unlocked and has this program's version. A person can do without one.
#include <errno.h>
#include <sys/stat.h>

#include "agent/client/client.h"
#include "agent/client/reply.h"
#include "agent/client/socket_path.h"
#include "core/json.h"
#include "core/text.h"
#include "doctor/examination.h"

static const char check[] = "agent";

enum { ANSWER_MS = 2000, STATUS_OK = 200, NAME_ROOM = 128 };

// What its answer tells.
struct told {
    char version[NAME_ROOM], name[NAME_ROOM];
    char locked_name[NAME_ROOM]; // of the first profile that is locked
    size_t profiles, locked;
};

static bool take(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct told *told = context;
    (void)err;
    if (strcmp(value->path, "version") == 0)
        text_harmless(told->version, sizeof told->version, value->text);
    if (strcmp(value->path, "profiles[].name") == 0)
        text_harmless(told->name, sizeof told->name, value->text);
    told->profiles += strcmp(value->path, "profiles[].name") == 0;
    if (strcmp(value->path, "profiles[].locked") == 0 && span_is(value->text, "true") && told->locked++ == 0)
        memcpy(told->locked_name, told->name, sizeof told->locked_name);
    return true;
}

static bool ask(const struct examination *x, const char *path, struct told *told, struct ssa_error *err)
{
    AGENT_ANSWER_AUTO answer = {0};
    if (!agent_ask(path, "GET", "/v1/status", ANSWER_MS, &x->run.callbacks, &answer, err))
        return false;
    if (answer.status == STATUS_OK)
        return json_read(secret_span(&answer.body), take, told, err);
    (void)agent_reply_failure(answer.status, secret_span(&answer.body), path, err);
    return false;
}

// Whether the settings name agents, and none of this host.
static bool is_elsewhere(const struct examination *x)
{
    char place[AGENT_PLACE_MAX];
    const char *list = x->has_settings ? ssa_settings_value(x->run.settings, "SSA_HSM_AGENT") : NULL;
    bool named = list != NULL;
    while (list != NULL && named && (list = agent_place_next(list, place)) != NULL)
        named = place[0] != '/';
    return named;
}

static void add(struct examination *x, const char *path, const struct told *told)
{
    struct ssa_error why;
    if (strcmp(told->version, SSA_HSM_VERSION) != 0) {
        error_set(&why, SSA_UNEXPECTED, NULL, path, "the agent is of version %s, and this program of %s",
                  told->version[0] != '\0' ? told->version : "(not told)", SSA_HSM_VERSION);
        error_hint(&why, "Start it again.");
        finding_warning(&x->found, check, &why);
    }
    if (told->locked > 0) {
        error_because(&why, SSA_PIN, SSA_REASON_AGENT_LOCKED, path, "the profile \"%s\" is locked (%zu of %zu)",
                      told->locked_name, told->locked, told->profiles);
        finding_warning(&x->found, check, &why);
    } else {
        finding_ok(&x->found, check, path, "answers, and is unlocked (profiles: %zu)", told->profiles);
    }
}

void check_agent(struct examination *x)
{
    char path[AGENT_PATH_MAX];
    struct stat about;
    struct told told = {0};
    struct ssa_error why = {0};
    if (is_elsewhere(x))
        finding_left_out(&x->found, check, SSA_REASON_NONE, NULL, "not examined: none of this host is to be asked");
    else if (!agent_usual_socket(path, &why))
        finding_warning(&x->found, check, &why);
    else if (lstat(path, &about) != 0 && (errno == ENOENT || errno == EACCES))
        finding_left_out(&x->found, check, SSA_REASON_NONE, NULL, "not needed: no agent runs");
    else if (!ask(x, path, &told, &why))
        finding_warning(&x->found, check, &why);
    else
        add(x, path, &told);
}
