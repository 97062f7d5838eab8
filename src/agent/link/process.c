#include "agent/link/process.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/text.h"

static const struct helper_places places = {.variable = "SSA_HSM_SIGNER",
                                            .places = {"ssa-hsm-signer", SIGNER_FROM_LIBRARY, SIGNER_FROM_PROGRAM},
                                            .installed = SIGNER_INSTALLED};

// The client secret by its two names. One that is on a PKCS#11 token is read by the signer.
static bool is_client_secret(const void *context, const char *name, const char *value)
{
    (void)context;
    return (strcmp(name, "APS_SECRET_ID") == 0 || strcmp(name, "APS_CLIENT_SECRET") == 0) &&
           strncmp(value, "pkcs11:", strlen("pkcs11:")) != 0;
}

// Of what is open here, it gets what every program would that this one starts: a descriptor that the PIN is to be read
// from among them. It closes what it does not need.
static int spawn(struct helper *signer, int its, char *const *argv, char *const *env, const char *program)
{
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0)
        return failed;
    failed = posix_spawn_file_actions_adddup2(&actions, its, its);
    if (failed == 0)
        failed = helper_spawn(signer, program, argv, env, &actions);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed;
}

// The arguments are only read.
static char *argument(const char *text)
{
    return (char *)(uintptr_t)(text != NULL ? text : "");
}

bool signer_process_start(struct helper *signer, const struct link_config *config, bool locked, bool pin_retry,
                          struct ssa_error *err)
{
    char path[HELPER_PATH_MAX], number[16], flags[3];
    int ours = -1, its_end = -1;
    *signer = (struct helper){.socket = -1, .process = -1};
    if (!helper_socket(&ours, &its_end))
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "no connection to the signer can be made");
    DESCRIPTOR_AUTO socket = ours, its = its_end;
    size_t given = 0;
    if (locked)
        flags[given++] = SIGNER_LOCKED_FLAG;
    if (pin_retry)
        flags[given++] = SIGNER_PIN_RETRY_FLAG;
    flags[given] = '\0';
    char *const argv[SIGNER_ARGUMENTS + 1] = {[SIGNER_NAME] = program_invocation_name,
                                              [SIGNER_SOCKET] = number,
                                              [SIGNER_PIN_SOCKET] = argument(config->pin_socket),
                                              [SIGNER_PROFILE] = argument(config->profile),
                                              [SIGNER_FLAGS] = flags};
    char **env =
        helper_environment(config->environment != NULL ? config->environment : environ, is_client_secret, NULL);
    if (env == NULL || !text_format(number, sizeof number, "%d", its)) {
        free(env);
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for an environment");
    }
    const char *program = helper_find(&places, path);
    const int failed = spawn(signer, its, argv, env, program);
    free(env);
    if (failed != 0)
        return error_errno(err, SSA_UNEXPECTED, failed, program, "the signer cannot be started");
    signer->socket = descriptor_keep(&socket);
    return true;
}
