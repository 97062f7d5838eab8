// Finding objects on a token. For hsm alone.
#pragma once

#include "core/error.h"
#include "hsm/cryptoki/cryptoki.h"

struct token;

// Finds objects that match, at most max of them.
bool object_find_some(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, CK_OBJECT_HANDLE *found,
                      CK_ULONG max, CK_ULONG *count, struct ssa_error *err) MUST_CHECK;

struct objects {
    CK_OBJECT_HANDLE *list;
    size_t count;
};
// Finds all objects that match. Fails with SSA_TOKEN where there are more than are looked at. The caller frees
// *objects.
bool object_find_all(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, struct objects *objects,
                     struct ssa_error *err) MUST_CHECK;
void objects_free(struct objects *objects);
#define OBJECTS_AUTO __attribute__((cleanup(objects_free))) struct objects

// Finds an object of this class and id; CK_INVALID_HANDLE where there is none. Fails when the token cannot be searched.
bool object_find(struct token *token, CK_OBJECT_CLASS class, struct span id, CK_OBJECT_HANDLE *object,
                 struct ssa_error *err) MUST_CHECK;
