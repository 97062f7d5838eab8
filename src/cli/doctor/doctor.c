// ssa-hsm doctor
#include "cli/command/common.h"
#include "cli/doctor/report.h"
#include "cli/output/print.h"

static const struct option option_api = {"api", .help = "also ask the API, by three requests: for an access token, the "
                                                        "account, and its keys"};
static const struct option option_sign = {"sign", .help = "let the key sign a challenge; logs in"};

static bool conclude(const struct ssa_examined *examined, const char *first, struct ssa_error *err)
{
    const char *plural = examined->warnings == 1 ? "" : "s";
    if (examined->failures > 0)
        return error_set(err, examined->first, NULL, NULL, "%zu check%s failed, %zu warning%s: begin with \"%s\"",
                         examined->failures, examined->failures == 1 ? "" : "s", examined->warnings, plural, first);
    if (examined->warnings > 0)
        print_note("nothing failed, %zu warning%s", examined->warnings, plural);
    else
        print_note("all is well");
    return true;
}

static bool doctor(const struct invocation *i, struct ssa_error *err)
{
    const struct ssa_examination wanted = {.login = option_given(i->arguments, &option_login),
                                           .sign = option_given(i->arguments, &option_sign),
                                           .ask_api = option_given(i->arguments, &option_api),
                                           .settings_fault = i->settings_fault};
    struct ssa_examined examined;
    struct report report;
    if (!report_begin(&report, option_given(i->arguments, &option_json), err))
        return false;
    if (!ssa_doctor(&i->run, &wanted, report_add, &report, &examined, err)) {
        report_drop(&report);
        return false;
    }
    const char *first = report.first;
    if (!report_end(&report, &examined, err))
        return false;
    if (examined.requests > 0)
        print_note("%u request%s with credentials went to the API", examined.requests,
                   examined.requests == 1 ? "" : "s");
    return conclude(&examined, first, err);
}

const struct command command_doctor = {
    .name = "doctor",
    .group = "Start here",
    .help = "find out what is wrong, and what mends it",
    .about =
        "Examines settings, PKCS#11 token, key and server. Each finding has the command that mends it. It tries no "
        "PIN and sends the API nothing that counts, unless an option says so.",
    .examples = EXAMPLES({"doctor", "No PIN is tried, and no access token is fetched."},
                         {"doctor --login --sign", "One PIN try; the key signs a challenge."},
                         {"doctor --api --json", "The API is asked, too; for programs."}),
    .falls_back = true,
    .examines_settings = true,
    .uses = (enum use)(USE_ALL & ~(unsigned)USE_OFFICER),
    .options = OPTIONS(&option_json, &option_login, &option_sign, &option_api),
    .run = doctor,
};
