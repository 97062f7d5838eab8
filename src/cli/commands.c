// The list of commands. Each is defined in the file of its name: command_key_list in key/key_list.c.
#include "cli/commands.h"

// In the order of the help. Those of one group stand together.
extern const struct command command_account_create, command_account_list, command_account_show,
    command_account_enable, command_account_disable, command_account_delete, command_key_create,
    command_key_import, command_key_list, command_key_show, command_key_enable, command_key_disable,
    command_key_verify, command_key_delete, command_key_rotate, command_key_recover, command_key_prune,
    command_secret_import, command_secret_remove, command_token, command_jwt, command_exec, command_hsm_list,
    command_history;

const command_list commands = (const struct command *const[]){&command_account_create,
                                                              &command_account_list,
                                                              &command_account_show,
                                                              &command_account_enable,
                                                              &command_account_disable,
                                                              &command_account_delete,
                                                              &command_key_create,
                                                              &command_key_import,
                                                              &command_key_list,
                                                              &command_key_show,
                                                              &command_key_enable,
                                                              &command_key_disable,
                                                              &command_key_verify,
                                                              &command_key_delete,
                                                              &command_key_rotate,
                                                              &command_key_recover,
                                                              &command_key_prune,
                                                              &command_secret_import,
                                                              &command_secret_remove,
                                                              &command_token,
                                                              &command_jwt,
                                                              &command_exec,
                                                              &command_hsm_list,
                                                              &command_history,
                                                              NULL};
