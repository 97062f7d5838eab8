// A new key: what the stories of an account, a key and a rotation have in common. It is asked of the API, put
// into the PKCS#11 token and proved; what fails on the way is undone.
#pragma once

#include "manage/provision.h"

// All that can fail before the API is asked for anything.
bool new_key_prepare(struct provision *p, const struct provisioning *what, struct ssa_error *err) MUST_CHECK;

// Writes into the entry which keys the account has: an answer that is lost leaves a key whose id nobody
// knows, unless it is known which were there before.
void new_key_note_before(struct entry *entry, const struct aps_keys *keys);

// Makes a key for the entry's account, in the token and proved.
bool new_key_make(struct provision *p, struct ssa_error *err) MUST_CHECK;
