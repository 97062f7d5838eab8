#include "agent/daemon/agent.h"
