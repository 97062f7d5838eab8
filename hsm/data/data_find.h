// Finding the data objects with one label, and their marks. For hsm alone.
#pragma once

#include "core/secret.h"
#include "hsm/cryptoki/cryptoki.h"
#include "hsm/data/mark.h"
#include "hsm/uri/uri.h"

struct token;

struct data_found {
    CK_OBJECT_HANDLE list[DATA_SAME_MAX];
    char marks[DATA_SAME_MAX][DATA_MARK_MAX]; // each object's CKA_APPLICATION
    CK_ULONG count;
};

// Makes an error about the URI's data object: "what LABEL".
bool data_fail(struct ssa_error *err, enum ssa_class class, const struct token *token, const struct uri *uri,
               const char *what);

// The first finds the objects with the URI's label, the second reads their marks, and the third does both. Fails with
// SSA_TOKEN, or with SSA_CONFIG where there are too many.
bool data_find(struct token *token, const struct uri *uri, struct data_found *found, struct ssa_error *err) MUST_CHECK;
bool data_read_marks(struct token *token, struct data_found *found, struct ssa_error *err) MUST_CHECK;
bool data_find_marked(struct token *token, const struct uri *uri, struct data_found *found,
                      struct ssa_error *err) MUST_CHECK;

// Reads the mark. It is empty where the object was given none (SoftHSM, opencryptoki and tpm2-pkcs11 tell so), and "?"
// where it cannot be one of ours, because it is too long or not fit for a terminal.
bool data_read_mark(struct token *token, CK_OBJECT_HANDLE object, char mark[static DATA_MARK_MAX],
                    struct ssa_error *err) MUST_CHECK;

// Appends the value, and says whether the object is private.
bool data_read_value(struct token *token, CK_OBJECT_HANDLE object, struct secret *value, bool *is_private,
                     struct ssa_error *err) MUST_CHECK;
