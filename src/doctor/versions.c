// The versions of what the program consists of and uses.
#include <openssl/crypto.h>

#include "core/text.h"
#include "doctor/examination.h"
#include "hsm/token/about.h"
#include "oauth/probe.h"

static void show(struct examination *x, const char *part, const char *version, const char *where)
{
    finding_row(&x->found, ROW_VERSION, part, version, where);
}

static OWN_FRAME void show_module(struct examination *x)
{
    struct token_about about;
    char text[sizeof about.description + sizeof about.version + 2];
    if (x->at.token == NULL)
        return;
    token_about(x->at.token, &about);
    if (text_format(text, sizeof text, "%s %s", about.description, about.version))
        show(x, "module", text, about.path);
}

void show_versions(struct examination *x)
{
    char curl[128];
    show(x, "ssa-hsm", SSA_HSM_VERSION, NULL);
    if (probe_libcurl_version(curl, ERROR_IGNORED))
        show(x, "libcurl", curl, NULL);
    show(x, "OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING), NULL);
    show(x, "p11-kit", P11_KIT_VERSION, "when this program was built");
    show_module(x);
}
