#include "agent/http/server.h"

#include "agent/http/audit.h"
