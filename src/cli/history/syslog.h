// A copy of the audit trail for the system's log.
#pragma once

#include "core/error.h"

// True where SSA_HSM_AUDIT is unset, "syslog", or "syslog:" and the path of a socket. Fails with SSA_CONFIG.
bool syslog_check(const struct ssa_settings *settings, struct ssa_error *err) MUST_CHECK;

// For ssa_callbacks.recorded; the context is the settings. Sends the entry to where SSA_HSM_AUDIT says. Where
// that fails there is only a warning, because the audit trail itself has the entry.
void syslog_recorded(void *context, const struct ssa_event *event);
