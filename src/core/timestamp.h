// Times in the forms of the API.
#pragma once

#include <time.h>

#include "core/span.h"

// Reads ISO 8601 ("2024-01-25T03:08:04.156Z"; without an offset it is UTC) and the form of Go's Time.String
// ("2024-01-25 03:08:04.156576834 +0000 UTC"). Fractions of a second are dropped.
bool timestamp_read(struct span text, time_t *seconds);

#define TIMESTAMP_TEXT_MAX 32U
// Writes ISO 8601 in UTC, "2024-01-25T03:08:04Z". False for a year without four digits.
bool timestamp_write(time_t seconds, char out[static TIMESTAMP_TEXT_MAX]);
