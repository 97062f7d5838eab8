// A copy of the audit trail for the system's log.
#ifndef SSA_CLI_SYSLOG_H
#define SSA_CLI_SYSLOG_H

#include "core/error.h"

// Whether SSA_HSM_AUDIT is unset, "syslog", or "syslog:" and the path of a socket. Fails with SSA_CONFIG.
bool syslog_check(const struct ssa_settings *settings, struct ssa_error *err) MUST_CHECK;

// For ssa_callbacks.recorded, whose context is the settings: sends the entry where SSA_HSM_AUDIT says. That
// it cannot be sent is a warning: the trail itself has it.
void syslog_recorded(void *context, const struct ssa_event *event);

#endif
