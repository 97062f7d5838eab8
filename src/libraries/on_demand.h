// Libraries that the program loads when one of their functions is called first. The rest of the code calls them as
// ever: the program has functions of these names, which pass the call on. They are seen inside the program alone, so
// that libraries get the real ones.
#pragma once

// Loads a library that messages call by this name. The functions have no error that says why that fails, so the program
// ends, with SSA_UNEXPECTED. What is open on a PKCS#11 token ends with it.
void *on_demand_load(const char *called, const char *file);

// Looks a function up, and writes its address to *function. The program ends where it is not there.
void on_demand_find(void *library, const char *called, const char *name, void *function);
