// The list of commands. Each is defined in the file of its name: command_key_list in key/key_list.c. `disable` is in
// the file of `enable`.
#include "cli/commands.h"

// In the order that they have in their group of the help (help_groups).
#define COMMANDS(R)                                                                                                    \
    R(setup), R(doctor), R(help), R(version), R(account_create), R(account_list), R(account_show), R(account_enable),  \
        R(account_disable), R(account_provision), R(account_delete), R(key_create), R(key_import), R(key_list),        \
        R(key_show), R(key_enable), R(key_disable), R(key_verify), R(key_delete), R(key_rotate), R(key_recover),       \
        R(key_prune), R(secret_import), R(secret_remove), R(token), R(jwt), R(exec), R(agent), R(agent_status),        \
        R(agent_unlock), R(agent_lock), R(agent_stop), R(agent_caller_add), R(agent_caller_list),                      \
        R(agent_caller_remove), R(hsm_list), R(config_show), R(profile_list), R(profile_show), R(profile_remove),      \
        R(history), R(complete)

#define NAMED(command)   command_##command
#define ADDRESS(command) &command_##command

extern const struct command COMMANDS(NAMED);
const command_list commands = (const struct command *const[]){COMMANDS(ADDRESS), NULL};
