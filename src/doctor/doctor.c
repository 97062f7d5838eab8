// doctor: examines everything that a command needs.
#include <errno.h>

#include "core/callback.h"
#include "doctor/examination.h"

// Nobody waits as long for an examination as for a command's work.
enum { MODULE_SECONDS = 10, API_SECONDS = 30 };

// Who hears of the findings, and how many were shown.
struct audience {
    void (*show)(void *context, const struct ssa_finding *finding);
    void *context;
    struct ssa_examined *examined;
    size_t shown;
};

static void show_new(struct audience *audience, const struct findings *found)
{
    struct ssa_examined *examined = audience->examined;
    for (; audience->shown < found->count; audience->shown++) {
        const struct finding *f = &found->list[audience->shown];
        const struct ssa_finding finding = {
            .check = f->check, .health = f->health, .found = &f->found, .after = f->after};
        if (f->health == SSA_HEALTH_FAILURE && examined->failures++ == 0)
            examined->first = f->found.code;
        examined->warnings += f->health == SSA_HEALTH_WARNING;
        audience->show(audience->context, &finding);
    }
}

static bool may_go_on(struct examination *x, struct audience *audience, struct ssa_error *err)
{
    show_new(audience, &x->found);
    if (x->found.lost)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the findings");
    return callback_go_on(&x->run.callbacks, err);
}

typedef void check_made(struct examination *x);

static bool make_all(struct examination *x, struct audience *audience, check_made *const *checks, struct ssa_error *err)
{
    for (; *checks != NULL; checks++) {
        (*checks)(x);
        if (!may_go_on(x, audience, err))
            return false;
    }
    return true;
}

// In the order in which a person would mend what is wrong.
static bool examine(struct examination *x, struct audience *audience, struct ssa_error *err)
{
    static check_made *const before[] = {check_settings, check_references, check_folders, check_memory, NULL};
    static check_made *const on_token[] = {choose_token, check_p11_kit, check_pcscd, check_modules,
                                           check_token,  check_pin,     check_key,   NULL};
    static check_made *const after[] = {check_api, check_journal, check_agent, show_versions, NULL};
    static check_made *const by_agent[] = {check_settings_alone, check_agent, show_versions, NULL};
    agents_ask(x);
    // Who wants a login or an answer of the API wants to know what is missing for that.
    if (x->agents.alone && !x->wanted->login && !x->wanted->sign && !x->wanted->ask_api)
        return may_go_on(x, audience, err) && make_all(x, audience, by_agent, err);
    struct network *network = network_begin(x);
    const bool done = make_all(x, audience, before, err) && make_all(x, audience, on_token, err);
    network_end(x, &network);
    return done && may_go_on(x, audience, err) && make_all(x, audience, after, err);
}

bool ssa_doctor(const struct ssa_run *run, const struct ssa_examination *wanted,
                void (*show)(void *context, const struct ssa_finding *finding), void *context,
                struct ssa_examined *examined, struct ssa_error *err)
{
    const struct ssa_error *fault = wanted->settings_fault;
    struct audience audience = {.show = show, .context = context, .examined = examined};
    struct examination x = {.run = *run, .wanted = wanted, .has_settings = fault == NULL || fault->code == SSA_OK};
    err = ERROR_OR_IGNORED(err);
    *examined = (struct ssa_examined){0};
    if (x.run.callbacks.patience == 0 || x.run.callbacks.patience > MODULE_SECONDS)
        x.run.callbacks.patience = MODULE_SECONDS;
    if (x.run.timeout == 0)
        x.run.timeout = API_SECONDS;
    const bool done = examine(&x, &audience, err);
    examined->requests = x.requests;
    open_token_close(&x.at);
    findings_free(&x.found);
    agents_free(&x.agents);
    return done;
}
