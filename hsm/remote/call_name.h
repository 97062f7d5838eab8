// What the standard calls a call. For this folder alone.
#pragma once

#include "hsm/host/protocol.h"

const char *call_name(enum call_number number);
