// Where PIN and client secret are: whether each place is there. Only a file is read, and what it has is wiped at once.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/reference.h"
#include "config/secret_source.h"
#include "core/text.h"
#include "doctor/examination.h"
#include "hsm/data/data_uri.h"
#include "pin/policy.h"
#include "signer/client_secret.h"

enum { SECRET_MAX = 4096 };

static bool is_beside(char c)
{
    return c == ' ' || c == '\t' || c == '"' || c == '\'';
}

// Blanks and quotes that were not meant make a wrong PIN, which costs a try.
static bool is_bare(const struct secret *secret, const char *path, struct ssa_error *why)
{
    const char first = (char)secret->data[0], last = (char)secret->data[secret->len - 1];
    if (!is_beside(first) && !is_beside(last))
        return true;
    error_set(why, SSA_CONFIG, NULL, path, "what it has begins or ends with a blank or a quote");
    return error_hint(why, "These would be a part of the secret. Take them out, unless they are.");
}

// A secret that no command would use. False with a finding.
static bool check_content(struct examination *x, const char *check, const char *reference, const char *path)
{
    struct ssa_error why = {0};
    SECRET_AUTO secret = {0};
    const char *subject = setting_name(strcmp(check, CHECK_SECRET) == 0 ? SET_CLIENT_SECRET : SET_PIN_SOURCE);
    // Who may read the file is a finding of its own.
    struct ssa_run quietly = x->run;
    quietly.callbacks.tell = NULL;
    if (!secret_new(&secret, SECRET_MAX, &why) || !secret_source_read(reference, subject, &quietly, &secret, &why)) {
        finding_failure(&x->found, check, &why);
        return false;
    }
    if (is_bare(&secret, path, &why))
        return true;
    finding_warning(&x->found, check, &why);
    return false;
}

static void check_file(struct examination *x, const char *check, const char *reference)
{
    char path[PATH_TEXT_MAX];
    struct stat about;
    struct ssa_error why = {0};
    if (!reference_path(reference, path, &why)) {
        finding_failure(&x->found, check, &why);
        return;
    }
    if (stat(path, &about) != 0 || faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0) {
        reference_unreadable(&why, errno, path);
        finding_failure(&x->found, check, &why);
        return;
    }
    const unsigned mode = about.st_mode & 07777U;
    if (S_ISREG(about.st_mode) && about.st_size == 0) {
        error_set(&why, SSA_CONFIG, NULL, path, "is empty");
        error_hint(&why, "Write the secret into it, and nothing else.");
        finding_failure(&x->found, check, &why);
        return;
    }
    const bool usable = !S_ISREG(about.st_mode) || check_content(x, check, reference, path);
    if (S_ISREG(about.st_mode) && (mode & 077U) != 0 && reference_kind(reference) == REFERENCE_FILE) {
        error_set(&why, SSA_CONFIG, NULL, path, "can be read by others (mode %04o)", mode);
        error_hint_path(&why, "`chmod 600", path, " keeps them out.");
        finding_warning(&x->found, check, &why);
    } else if (usable) {
        finding_ok(&x->found, check, NULL, "%s, mode %04o", reference, mode);
    }
}

static void check_variable(struct examination *x, const char *check, const char *reference)
{
    struct ssa_error why = {0};
    const char *value = settings_secret_variable(x->run.settings, reference);
    if (value == NULL)
        value = secure_getenv(reference_name(reference));
    if (text_present(value)) {
        finding_ok(&x->found, check, NULL, "%s, which is set", reference);
        return;
    }
    error_set(&why, SSA_CONFIG, NULL, reference, "the variable is not set");
    finding_failure(&x->found, check, &why);
}

static void check_descriptor(struct examination *x, const char *check, const char *reference)
{
    struct ssa_error why = {0};
    const long number = strtol(reference_name(reference), NULL, 10);
    if (number >= 0 && number <= INT16_MAX && fcntl((int)number, F_GETFD) >= 0) {
        finding_ok(&x->found, check, NULL, "%s, which is open", reference);
        return;
    }
    error_errno(&why, SSA_CONFIG, EBADF, reference, "is not open");
    finding_failure(&x->found, check, &why);
}

static void check_reference(struct examination *x, const char *check, const char *reference)
{
    switch (reference_kind(reference)) {
    case REFERENCE_FILE:
    case REFERENCE_CREDENTIAL:
        check_file(x, check, reference);
        break;
    case REFERENCE_ENV:
        check_variable(x, check, reference);
        break;
    case REFERENCE_FD:
        check_descriptor(x, check, reference);
        break;
    default:
        finding_ok(&x->found, check, NULL, "%s, which asks a person", reference);
    }
}

// The PIN's place belongs to the URI of the key, else of the token.
static void check_pin_source(struct examination *x)
{
    const char *text = x->has_identity ? x->identity.private_key : settings_get(x->run.settings, SET_TOKEN, NULL);
    URI_AUTO *uri = NULL;
    struct pin_policy policy = {0};
    struct ssa_error why = {0};
    if (text != NULL && uri_text_is_uri(text) && !uri_parse(text, &uri, &why)) {
        // That is the failure of another check.
        finding_skipped(&x->found, CHECK_PIN_SOURCE, x->has_identity ? CHECK_IDENTITY : CHECK_TOKEN);
        return;
    }
    if (!pin_policy_init(&policy, &x->run, uri, &why))
        finding_failure(&x->found, CHECK_PIN_SOURCE, &why);
    else if (policy.source == NULL)
        finding_ok(&x->found, CHECK_PIN_SOURCE, NULL, "none is set: a person is asked for the PIN");
    else
        check_reference(x, CHECK_PIN_SOURCE, policy.source);
}

static void check_data_object(struct examination *x, const char *text)
{
    URI_AUTO *uri = NULL;
    struct ssa_error why = {0};
    if (uri_parse(text, &uri, &why) && data_check_uri(uri, setting_name(SET_CLIENT_SECRET), &why))
        finding_ok(&x->found, CHECK_SECRET, NULL, "on a PKCS#11 token");
    else
        finding_failure(&x->found, CHECK_SECRET, &why);
}

static void check_secret(struct examination *x)
{
    const char *value = settings_get(x->run.settings, SET_CLIENT_SECRET, NULL);
    struct ssa_error why = {0};
    if (value == NULL) {
        error_because(&why, SSA_CONFIG, SSA_REASON_NO_CLIENT_SECRET, setting_name(SET_CLIENT_SECRET),
                      "is not set: a person is asked, and where there is none, nothing works that needs the API");
        finding_warning(&x->found, CHECK_SECRET, &why);
    } else if (uri_text_is_uri(value)) {
        check_data_object(x, value);
    } else if (reference_kind(value) != REFERENCE_NONE) {
        check_reference(x, CHECK_SECRET, value);
    } else {
        finding_ok(&x->found, CHECK_SECRET, NULL, "is set, as text");
    }
}

void check_references(struct examination *x)
{
    if (!x->has_settings) {
        finding_skipped(&x->found, CHECK_PIN_SOURCE, CHECK_SETTINGS);
        finding_skipped(&x->found, CHECK_SECRET, CHECK_SETTINGS);
        return;
    }
    check_pin_source(x);
    check_secret(x);
}
