#include "manage/provision_key.h"

#include "core/callback.h"
#include "core/rsa_key.h"
#include "core/text.h"
#include "hsm/import/import.h"
#include "hsm/key/key_find.h"
#include "hsm/key/prove.h"
#include "manage/provision_found.h"
#include "signer/open_token.h"

enum { KEY_LABEL_MAX = 256 };

static struct key_name name_of(const struct provision *p)
{
    return opened_key_name(p->journal.entry, p->open.to.slot.id);
}

// "NAME KEY_ID": what a person reads in a list of objects.
static bool write_label(struct entry *e, struct ssa_error *err)
{
    const size_t local = strcspn(e->email, "@");
    const bool fits = local > 0 ? text_format(e->label, KEY_LABEL_MAX, "%.*s %s", (int)local, e->email, e->kid)
                                : text_format(e->label, KEY_LABEL_MAX, "%s %s", e->account, e->kid);
    return fits ||
           error_set(err, SSA_CONFIG, NULL, e->kid, "the key's label would be longer than %d bytes", KEY_LABEL_MAX);
}

// Writes the key's URI. A card names its keys after their slots, so the URI of such a key has no label.
static bool write_uri(struct provision *p, struct ssa_error *err)
{
    const struct open_token *to = &p->open.to;
    const struct key_name name = name_of(p);
    struct uri_parts parts = {.private_key = true, .id = key_id(&name)};
    if (name.slot == 0)
        parts.object = span_text(name.label);
    return lasting_uri(to->token, to->uri, parts, p->journal.entry->key_uri, err);
}

#ifdef SSA_HSM_PLANT_LEAK
// The leak that scripts/prove-memory must find, to show that it works.
static void plant_leak(const struct secret *pem)
{
    static char *leaked;
    leaked = strndup(secret_text(pem), pem->len);
    (void)leaked;
}
#endif

// Checks before the import that no object has the key's id, and notes its modulus: by these, a recovery knows what the
// import has made.
static bool look_before(struct provision *p, const struct rsa_key *numbers, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    const struct key_name name = name_of(p);
    if (!key_check_free(p->open.to.token, &name, err))
        return false;
    entry->id_was_free = true;
    fingerprint(numbers->n, entry->modulus);
    return true;
}

// Notes that the key may be on the token after this.
static bool write_down(struct provision *p, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    const char *way = p->plan.scheme != NULL ? "wrapped" : "plain";
    if (!text_format(entry->import, sizeof entry->import, "%s", way))
        return error_set(err, SSA_UNEXPECTED, NULL, way, "is too long");
    return journal_step(&p->journal, STEP_KEY_MADE, err);
}

static bool import(struct provision *p, const struct rsa_key *numbers, struct ssa_error *err)
{
    const struct key_name name = name_of(p);
    const bool imported = import_key(p->open.to.token, &p->plan, numbers, &p->pem, &name, &p->key, err);
    secret_free(&p->pem);
    return imported;
}

bool provision_key(struct provision *p, const char *source, struct ssa_error *err)
{
    struct rsa_key numbers;
#ifdef SSA_HSM_PLANT_LEAK
    plant_leak(&p->pem);
#endif
    if (p->found)
        return provision_adopt(p, err);
    if (!write_label(p->journal.entry, err) || !write_uri(p, err))
        return false;
    if (!rsa_key_from_pem(&p->pem, &numbers, source, err))
        return false;
    if (!look_before(p, &numbers, err) || !write_down(p, err))
        return false;
    if (!import(p, &numbers, err))
        return false;
    const struct key_name name = name_of(p);
    if (!import_prove(p->open.to.token, &name, &p->key, err))
        return false;
    if (!journal_step(&p->journal, STEP_IMPORTED, err))
        return false;
    if (p->key.decided[0] != '\0')
        tell(&p->open.run->callbacks, SSA_NOTICE, "the PKCS#11 token itself decides what the key may do: %s",
             p->key.decided);
    return true;
}

bool provision_key_again(struct provision *p, struct ssa_error *err)
{
    const struct key_name name = name_of(p);
    return key_again(p->open.to.token, &name, &p->key, err);
}
