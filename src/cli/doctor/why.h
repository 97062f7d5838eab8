// Why a check matters.
#pragma once

// A sentence about what fails without it; NULL for a name that is no check's.
const char *why_of_check(const char *check);
