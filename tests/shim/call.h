/* One call of the module as act.c and log.c see it: what it was given, what was decided, what came out. */
#pragma once

#include "script.h"

#include <time.h>

enum { MAX_FIRED = 32 };

struct call {
    enum call_id id;

    /* The arguments that this function has; NULL are those it has not. */
    const CK_SLOT_ID *slot;
    const CK_SESSION_HANDLE *session;
    const CK_OBJECT_HANDLE *object;
    const CK_USER_TYPE *user;
    const CK_MECHANISM *mechanism;
    const CK_MECHANISM_TYPE *mechanism_type;
    const CK_ATTRIBUTE *attributes;
    CK_ULONG attribute_count;
    const CK_BYTE *pin;
    CK_ULONG pin_length;
    const CK_ULONG *in; /* size of what is read */
    CK_ULONG *out;      /* size, count or handle of what is made */
    CK_BYTE *signature;

    struct optional object_class;
    struct timespec start;
    const struct action *fired[MAX_FIRED];
    size_t fired_count;
    unsigned int lines[MAX_FIRED];
    size_t line_count;
    CK_RV rv;
};

/* The attribute of that type in the template, or NULL. */
const CK_ATTRIBUTE *call_attribute(const struct call *call, CK_ATTRIBUTE_TYPE type);

/* act.c. Does what the rules say should be done before; false if `rv` is already the answer. */
bool act_before(struct call *call);

/* Does what is to be done after, writes the log, and gives the value to return. */
CK_RV act_after(struct call *call);

/* Whether the token is lost at this moment. */
bool act_token_lost(void);

/* Readies the lock over what changes for a fork. */
void act_setup(void);

/* log.c. `instead` is what happened to the call that will not return, or NULL. */
void log_call(const struct call *call, const char *instead);
