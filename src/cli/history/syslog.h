// The audit trail as JSON, and a copy of it for the system's log.
#pragma once

#include "core/json.h"

// Writes the members of an operation that is over. The caller opens and closes the object.
void event_members(struct json_writer *w, const struct ssa_event *event);

// True where SSA_HSM_AUDIT is unset, "syslog", or "syslog:" and the path of a socket. Fails with SSA_CONFIG.
bool syslog_check(const struct ssa_settings *settings, struct ssa_error *err) MUST_CHECK;

// For ssa_callbacks.recorded; the context is the settings. Sends the entry to where SSA_HSM_AUDIT says. Where that
// fails there is only a warning, because the audit trail itself has the entry.
void syslog_recorded(void *context, const struct ssa_event *event);
