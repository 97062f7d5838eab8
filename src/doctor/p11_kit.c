// p11-kit's configuration: files that do not count, and modules that are configured but missing.
#include "core/text.h"
#include "doctor/examination.h"
#include "hsm/module/registry.h"

static const char check[] = "p11-kit";

static void take_fault(void *context, const char *path, unsigned line, const char *what)
{
    struct examination *x = context;
    struct ssa_error why = {0};
    if (line > 0)
        error_set(&why, SSA_CONFIG, NULL, path, "line %u %s", line, what);
    else
        error_set(&why, SSA_CONFIG, NULL, path, "%s", what);
    error_hint(&why, "Correct or remove it: `p11-kit list-modules` shows what p11-kit makes of its configuration.");
    finding_warning(&x->found, check, &why);
}

void check_p11_kit(struct examination *x)
{
    const struct registry_hearing hearing = {.context = x, .fault = take_fault};
    REGISTRY_AUTO *registry = registry_examine(&hearing);
    struct ssa_error why = {0};
    if (registry == NULL) {
        x->found.lost = true;
        return;
    }
    if (registry->left_out[0] != '\0') {
        error_set(&why, SSA_CONFIG, NULL, NULL, "modules whose name or path is too long are left out: %s",
                  registry->left_out);
        finding_warning(&x->found, check, &why);
    }
    if (findings_of(&x->found, check) == SSA_HEALTH_SKIPPED)
        finding_ok(&x->found, check, NULL, "configures %zu module%s", registry->count, registry->count == 1 ? "" : "s");
}
