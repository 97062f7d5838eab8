// Recovery uses these members, and must not guess one that is missing.
#include "journal/entry.h"

#include "core/text.h"

#define BIT(number) (1U << (number))

_Static_assert(OPERATION_COUNT <= 32 && STEP_COUNT <= 32, "each has a bit in a set");

enum {
    // Operations with one request to the API, to a PKCS#11 token, or to the file system.
    OF_ACCOUNTS = BIT(OP_ACCOUNT_ENABLE) | BIT(OP_ACCOUNT_DISABLE) | BIT(OP_ACCOUNT_DELETE) | BIT(OP_ACCOUNT_PROVISION),
    OF_KEYS = BIT(OP_KEY_ENABLE) | BIT(OP_KEY_DISABLE) | BIT(OP_KEY_DELETE) | BIT(OP_KEY_PRUNE),
    OF_SECRETS = BIT(OP_SECRET_IMPORT) | BIT(OP_SECRET_REMOVE),
    ASK_FOR_KEYS = BIT(OP_ACCOUNT_CREATE) | BIT(OP_KEY_CREATE) | BIT(OP_KEY_ROTATE),
    BRING_KEYS = ASK_FOR_KEYS | BIT(OP_KEY_IMPORT),
    EVERY = BIT(OPERATION_COUNT) - 1,

    ONE_REQUEST = BIT(STEP_BEGUN) | BIT(STEP_ASKED) | BIT(STEP_CLOSED),
    A_KEY_IS_BROUGHT =
        BIT(STEP_BEGUN) | BIT(STEP_REHEARSING) | BIT(STEP_KEY_MADE) | BIT(STEP_IMPORTED) | BIT(STEP_CLOSED),
    A_KEY_IS_MADE = A_KEY_IS_BROUGHT | BIT(STEP_KEY_ASKED)
};

// The steps that each operation takes.
static const unsigned taken[OPERATION_COUNT] = {
    [OP_ACCOUNT_CREATE] = A_KEY_IS_MADE | BIT(STEP_ACCOUNT_ASKED) | BIT(STEP_ACCOUNT_MADE),
    [OP_ACCOUNT_ENABLE] = ONE_REQUEST,
    [OP_ACCOUNT_DISABLE] = ONE_REQUEST,
    [OP_ACCOUNT_DELETE] = ONE_REQUEST,
    [OP_ACCOUNT_PROVISION] = ONE_REQUEST,
    [OP_KEY_CREATE] = A_KEY_IS_MADE,
    [OP_KEY_IMPORT] = A_KEY_IS_BROUGHT,
    [OP_KEY_ROTATE] = A_KEY_IS_MADE | BIT(STEP_SWITCHED) | BIT(STEP_RETIRING),
    [OP_KEY_ENABLE] = ONE_REQUEST,
    [OP_KEY_DISABLE] = ONE_REQUEST,
    [OP_KEY_DELETE] = ONE_REQUEST,
    [OP_KEY_PRUNE] = ONE_REQUEST,
    [OP_SECRET_IMPORT] = ONE_REQUEST | BIT(STEP_IMPORTED),
    [OP_SECRET_REMOVE] = ONE_REQUEST,
    [OP_PROFILE_REMOVE] = ONE_REQUEST,
};

// Which texts an entry has, from which step on. A closed entry may have ended before that step.
static const struct need {
    const char *name;
    size_t at;
    unsigned operations;
    enum step from;
} needs[] = {
#define NEED(name, field, operations, from)                                                                            \
    {                                                                                                                  \
        name, offsetof(struct entry, field), operations, from                                                          \
    }
    NEED("clientId", client_id, EVERY, STEP_ASKED),
    NEED("name", name, BIT(OP_ACCOUNT_CREATE), STEP_ACCOUNT_ASKED),
    NEED("profile", profile, BIT(OP_PROFILE_REMOVE), STEP_ASKED),
    NEED("profile", profile, BIT(OP_ACCOUNT_CREATE), STEP_ACCOUNT_ASKED),
    NEED("profile", profile, BIT(OP_KEY_CREATE), STEP_KEY_ASKED),
    NEED("profile", profile, BIT(OP_KEY_IMPORT), STEP_KEY_MADE),
    NEED("serviceAccountId", account, OF_ACCOUNTS | OF_KEYS, STEP_ASKED),
    NEED("serviceAccountId", account, BIT(OP_ACCOUNT_CREATE), STEP_ACCOUNT_MADE),
    NEED("serviceAccountId", account, BRING_KEYS, STEP_KEY_ASKED),
    NEED("project", project, BIT(OP_ACCOUNT_PROVISION), STEP_ASKED),
    NEED("oldKid", old_kid, BIT(OP_KEY_ROTATE), STEP_KEY_ASKED),
    NEED("oldKeyUri", old_key_uri, BIT(OP_KEY_ROTATE), STEP_KEY_ASKED),
    NEED("kid", kid, OF_KEYS, STEP_ASKED),
    NEED("kid", kid, BRING_KEYS, STEP_KEY_MADE),
    NEED("keyUri", key_uri, OF_SECRETS, STEP_ASKED),
    NEED("keyUri", key_uri, BRING_KEYS, STEP_KEY_MADE),
    NEED("token", token, OF_SECRETS, STEP_ASKED),
    NEED("token", token, BRING_KEYS, STEP_KEY_MADE),
    NEED("label", label, OF_SECRETS, STEP_ASKED),
    NEED("label", label, BRING_KEYS, STEP_KEY_MADE),
    NEED("import", import, BRING_KEYS, STEP_KEY_MADE),
    NEED("modulusSha256", modulus, BRING_KEYS, STEP_KEY_MADE),
    NEED("profileBefore", profile_before, BRING_KEYS & ~BIT(OP_KEY_ROTATE), STEP_KEY_MADE),
#undef NEED
};

static bool lacks(struct ssa_error *err, const struct entry *e, const char *name)
{
    return error_set(err, SSA_CONFIG, NULL, NULL, "the entry of `%s` has no \"%s\"", entry_operation_name(e->operation),
                     name);
}

static bool has_its_texts(const struct entry *e, struct ssa_error *err)
{
    if (e->base_url[0] == '\0')
        return lacks(err, e, "baseUrl");
    if (e->id[0] == '\0')
        return lacks(err, e, "id");
    // A throwaway object can only be found by its name.
    if (e->step == STEP_REHEARSING && (e->token[0] == '\0' || e->throwaway[0] == '\0'))
        return lacks(err, e, "throwaway");
    if (e->step >= STEP_KEY_MADE && e->step < STEP_CLOSED && (BRING_KEYS & BIT(e->operation)) != 0 && !e->id_was_free)
        return lacks(err, e, "idWasFree");
    for (size_t i = 0; e->step != STEP_CLOSED && i < COUNT(needs); i++) {
        const char *text = (const char *)e + needs[i].at;
        if ((needs[i].operations & BIT(e->operation)) != 0 && e->step >= needs[i].from && text[0] == '\0')
            return lacks(err, e, needs[i].name);
    }
    return true;
}

static bool has_its_times(const struct entry *e, struct ssa_error *err)
{
    if (e->started <= 0)
        return lacks(err, e, "started");
    if (e->step == STEP_CLOSED && e->ended <= 0)
        return lacks(err, e, "ended");
    return true;
}

static bool has_its_place(const struct entry *e, struct ssa_error *err)
{
    if ((taken[e->operation] & BIT(e->step)) == 0)
        return error_set(err, SSA_CONFIG, NULL, NULL, "the entry of `%s` has a step that this operation does not have",
                         entry_operation_name(e->operation));
    // An entry has an outcome when it is closed, and not before.
    if ((e->step == STEP_CLOSED) != (e->outcome != OUTCOME_NONE))
        return lacks(err, e, "outcome");
    return (e->line >= 1 && e->sequence >= 0) || lacks(err, e, "line");
}

// Ids become parts of the API's paths.
static bool has_ids(const struct entry *e, struct ssa_error *err)
{
    const char *const ids[] = {e->account, e->kid, e->old_kid};
    for (size_t i = 0; i < COUNT(ids); i++)
        if (ids[i][0] != '\0' && !api_is_id(ids[i]))
            return error_set(err, SSA_CONFIG, NULL, ids[i], "the entry has an id that is not valid");
    return true;
}

static bool goes_up(const char *path)
{
    const size_t len = strlen(path);
    return strstr(path, "/../") != NULL || (len >= 3 && strcmp(path + len - 3, "/..") == 0);
}

// Only one name is possible for a draft: no other file may be taken for it.
static bool has_paths(const struct entry *e, struct ssa_error *err)
{
    char draft[PATH_TEXT_MAX];
    if (e->profile[0] != '\0' && (e->profile[0] != '/' || goes_up(e->profile)))
        return error_set(err, SSA_CONFIG, NULL, e->profile,
                         "the path of the profile must be absolute, and have no \"..\" in it");
    const bool is_its_own = text_format(draft, sizeof draft, "%s.%s", e->profile, e->id) && e->profile[0] != '\0' &&
                            strcmp(draft, e->draft) == 0;
    return e->draft[0] == '\0' || is_its_own ||
           error_set(err, SSA_CONFIG, NULL, e->draft, "the entry names a draft that is not its own");
}

bool entry_check(const struct entry *e, struct ssa_error *err)
{
    return has_its_place(e, err) && has_its_times(e, err) && has_its_texts(e, err) && has_ids(e, err) &&
           has_paths(e, err);
}
