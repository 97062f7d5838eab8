// Where the lines of the audit go.
#pragma once

#include "agent/http/audit.h"
#include "core/span.h"

enum { SINK_PATH_MAX = 4096 };

struct sink {
    enum audit_sink kind;
    char path[SINK_PATH_MAX];
    int fd;
    bool cut; // the last line was not written to its end
};

bool sink_open(struct sink *sink, enum audit_sink kind, const char *path, struct ssa_error *err) MUST_CHECK;
void sink_close(struct sink *sink);
// A file that was renamed: a new one is opened. Where that fails, the old one stays.
void sink_reopen(struct sink *sink);

// Writes lines, each with its line break. Returns how many could not be written.
size_t sink_write(struct sink *sink, struct span lines);
