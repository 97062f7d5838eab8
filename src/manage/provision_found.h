// A key that the PKCS#11 token has already: an earlier import brought it, and it is not imported again.
#pragma once

#include "manage/provision.h"

// Looks on the open token, where the user is logged in, for the key that p->sought describes. p->found becomes whether
// it is there: then p->key is it, and the journal's entry has its URI.
bool provision_seek(struct provision *p, struct ssa_error *err) MUST_CHECK;

// Shows that the key that was found works and cannot come out, as for a new one. Wipes p->pem.
bool provision_adopt(struct provision *p, struct ssa_error *err) MUST_CHECK;
