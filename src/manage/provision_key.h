// The import of a key into the PKCS#11 token of a provisioning.
#pragma once

#include "manage/provision.h"

// Writes down who the entry's key is and that it may be in the token, decodes p->pem, imports it, wipes it,
// and has the token prove it. source names where the key comes from. The label is the account's name (its
// email's local part) and the key's id.
bool provision_key(struct provision *p, const char *source, struct ssa_error *err) MUST_CHECK;

// Makes the imported key ready to sign again.
bool provision_key_again(struct provision *p, struct ssa_error *err) MUST_CHECK;
