// The head of an HTTP/1.1 answer (RFC 9112), strictly: one that can be read in two ways is refused. The body must have
// a Content-Length, as the agent's answers have it.
#pragma once

#include "core/error.h"
#include "core/span.h"

enum { AGENT_HEAD_MAX = 8192, AGENT_BODY_MAX = 256 * 1024 };

// No wait that makes sense is longer. A larger Retry-After counts as this one.
enum { AGENT_RETRY_AFTER_MAX = 86400 };

struct agent_head {
    size_t len;           // bytes of the head, with the empty line at its end
    unsigned status;      // 200 to 599
    size_t body;          // bytes that follow, at most AGENT_BODY_MAX
    unsigned retry_after; // seconds; 0: not told
};

enum head_end {
    HEAD_MORE, // it is not whole yet, and may become one
    HEAD_WHOLE,
    HEAD_BAD // err->what completes "the answer …"
};

// Reads what has been received so far.
enum head_end agent_head_read(struct span received, struct agent_head *head, struct ssa_error *err) MUST_CHECK;
