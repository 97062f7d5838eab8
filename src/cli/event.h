// An operation that is over, as JSON: the same in `history --json` and in the copy that syslog gets.
#ifndef SSA_CLI_EVENT_H
#define SSA_CLI_EVENT_H

#include "core/json.h"

void event_json(struct json_writer *w, const struct ssa_event *event);

#endif
