#include "agent/cache/access.h"
