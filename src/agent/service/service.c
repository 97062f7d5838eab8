#include "agent/service/service.h"
