// The common parts of importing and removing a client secret.
#pragma once

#include "hsm/data/data_store.h"
#include "hsm/data/data_uri.h"
#include "journal/journal.h"
#include "signer/open_token.h"

// A data object on a PKCS#11 token.
struct secret_object {
    const struct ssa_run *run;
    struct ssa_ending *ending; // may be NULL
    struct open_token to;      // the token
    struct uri *object;        // names the data object
    char uri[URI_TEXT_MAX], label[DATA_LABEL_MAX];
};
void secret_object_end(struct secret_object *at);
#define SECRET_OBJECT_AUTO __attribute__((cleanup(secret_object_end))) struct secret_object

// Logs in to the token, and recovers earlier operations on the data object. *removed as with secret_recover_earlier.
bool secret_open(struct secret_object *at, bool *removed, struct ssa_error *err) MUST_CHECK;

// Makes the journal's entry, and claims the data object: no other process on this host works on it then.
bool secret_begin(struct journal *j, enum operation operation, const struct secret_object *at,
                  struct ssa_error *err) MUST_CHECK;

// Writes which objects are there, before the token is changed.
bool secret_ask(struct journal *j, const struct data_marks *before, struct ssa_error *err) MUST_CHECK;

// Ends the operation as done. Returns true.
bool secret_done(struct journal *j);

// Ends the operation as failed: nothing has changed. Returns false.
bool secret_failed(struct journal *j, const struct ssa_error *err);

// The operation stays open, to be recovered: what ("The client secret") is still there, or may be. Returns false.
bool secret_left(const struct secret_object *at, enum data_end end, const char *what);
