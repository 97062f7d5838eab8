// An operation that is over, as JSON: `history --json` and the copy for the system's log share it.
#pragma once

#include "core/json.h"

void event_json(struct json_writer *w, const struct ssa_event *event);
