// The import of a provisioning's key into its PKCS#11 token.
#pragma once

#include "manage/provision.h"

// Writes into the journal which key may be on the token. Decodes p->pem, imports it and wipes it. Then the token proves
// the key. source says where the key comes from. The key's label is the account's name (the local part of its email)
// and the key's id. A key that was found on the token is not imported, but proved all the same.
bool provision_key(struct provision *p, const char *source, struct ssa_error *err) MUST_CHECK;

// Makes the imported key ready to sign again.
bool provision_key_again(struct provision *p, struct ssa_error *err) MUST_CHECK;
