// A new key: the common parts of making an account, making a key and rotating one. The API makes the key, and it is
// imported into the PKCS#11 token and proved. Where a step fails, it is undone.
#pragma once

#include "manage/provision.h"

// Does all that can fail before the API is asked for anything.
bool new_key_prepare(struct provision *p, const struct provisioning *what, struct ssa_error *err) MUST_CHECK;

// Writes into the entry which keys the account has. Where the API's answer is lost, the new key can be found as the one
// that is not among them.
void new_key_note_before(struct entry *entry, const struct aps_keys *keys);

// Makes a key for the entry's account, imports it and proves it.
bool new_key_make(struct provision *p, struct ssa_error *err) MUST_CHECK;
