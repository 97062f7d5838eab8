// A PKCS#11 module of our own, which libp11 loads: it has one slot, and in it the key of one signer. For this folder
// alone. So libp11 sees no other object of the token, never logs in, and signs by the signer alone.
#pragma once

#include "signer/handle.h"

struct one_key;

// Makes it of the key's public numbers, which are copied. The signer's memory is kept until it is freed. NULL with err
// filled where there is no memory.
struct one_key *one_key_new(struct ssa_signer *signer, const struct key *numbers, struct ssa_error *err) MUST_CHECK;
void one_key_free(struct one_key *one);

// Shows it as the module's one slot to this thread; NULL: none.
void one_key_show(const struct one_key *one);

// The file that libp11 loads the module from: the shared library, or "" for the program that has the static library in
// it. Fails with SSA_UNEXPECTED where C_GetFunctionList is not to be found there.
bool one_key_file(const char **path, struct ssa_error *err) MUST_CHECK;
