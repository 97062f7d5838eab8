// Data objects under one label, and whose they are. For hsm alone.
#pragma once

#include "core/secret.h"
#include "hsm/cryptoki/cryptoki.h"
#include "hsm/data/mark.h"
#include "hsm/uri/uri.h"

struct token;

// All that have one label. mark: the object's CKA_APPLICATION.
struct data_found {
    CK_OBJECT_HANDLE list[DATA_SAME_MAX];
    char marks[DATA_SAME_MAX][DATA_MARK_MAX];
    CK_ULONG count;
};

// Finds those that have the URI's label; the first without their marks, which the second reads. Fails with
// SSA_TOKEN, or SSA_CONFIG where there are too many to be looked at.
bool data_find(struct token *token, const struct uri *uri, struct data_found *found, struct ssa_error *err) MUST_CHECK;
bool data_read_marks(struct token *token, struct data_found *found, struct ssa_error *err) MUST_CHECK;
bool data_find_marked(struct token *token, const struct uri *uri, struct data_found *found,
                      struct ssa_error *err) MUST_CHECK;

// Reads CKA_APPLICATION: empty where the object was given none (SoftHSM, opencryptoki and tpm2-pkcs11 tell
// so), "?" where it cannot be one of ours: too long, or not fit for a terminal.
bool data_read_mark(struct token *token, CK_OBJECT_HANDLE object, char mark[static DATA_MARK_MAX],
                    struct ssa_error *err) MUST_CHECK;

// Appends the value, and says whether the object is private.
bool data_read_value(struct token *token, CK_OBJECT_HANDLE object, struct secret *value, bool *is_private,
                     struct ssa_error *err) MUST_CHECK;
