// The key on the PKCS#11 token. Without a login its public half or its certificate is looked at; with one, its
// attributes. It signs only where the caller wants that.
#include "core/text.h"
#include "doctor/examination.h"
#include "hsm/key/prove.h"
#include "hsm/search/survey.h"

// What the token shows without a login.
struct sight {
    const char *wanted;     // the key's id at the API
    bool there, another;    // the object that the URI names; it says that it is another key
    size_t count;           // of all keys
    char kid[SEEN_KID_MAX]; // the id that the object tells
    char slot[4];
    size_t bits;
};

static void see(void *context, const struct token_info *info, const char *token_uri, const struct key_seen *key)
{
    struct sight *sight = context;
    (void)info, (void)token_uri;
    if (key == NULL)
        return;
    sight->count++;
    if (!key->own)
        return;
    sight->there = true;
    sight->another = key->kid[0] != '\0' && strcmp(key->kid, sight->wanted) != 0;
    memcpy(sight->kid, key->kid, sizeof sight->kid);
    memcpy(sight->slot, key->slot, sizeof sight->slot);
    sight->bits = rsa_bits(span_of(key->modulus, key->modulus_len));
}

static void judge(struct examination *x, const struct sight *sight)
{
    const struct token_info *info = token_info(x->at.token);
    struct ssa_error why = {0};
    if (sight->another) {
        error_because(&why, SSA_KEY_MISSING, SSA_REASON_KEY_NOT_FOUND, info->uri,
                      "the object that the key's URI names is another key's: %s%s%s, and not %s", sight->kid,
                      sight->slot[0] != '\0' ? " in slot " : "", sight->slot, sight->wanted);
        finding_failure(&x->found, CHECK_KEY, &why);
    } else if (sight->there) {
        finding_ok(&x->found, CHECK_KEY, NULL,
                   "its public half is there (RSA of %zu bits); a login shows the private one", sight->bits);
    } else if (survey_shows_public_halves(info)) {
        error_because(&why, SSA_KEY_MISSING, SSA_REASON_KEY_NOT_FOUND, info->uri,
                      "the token does not show the key's public half, so the key is probably not there");
        finding_failure(&x->found, CHECK_KEY, &why);
    } else {
        finding_left_out(&x->found, CHECK_KEY, SSA_REASON_LOOK_WITH_LOGIN, NULL,
                         "a token of this kind may show a key only after a login");
    }
}

static void look(struct examination *x)
{
    struct sight sight = {.wanted = x->identity.key_id};
    struct ssa_error why = {0};
    if (survey_token_public(x->at.token, x->at.uri, see, &sight, &why))
        judge(x, &sight);
    else
        finding_failure(&x->found, CHECK_KEY, &why);
}

static OWN_FRAME void examine(struct examination *x)
{
    struct key key;
    struct key_attribute attributes[KEY_ATTRIBUTES];
    struct ssa_error why = {0};
    bool read = false;
    const bool right = x->wanted->sign ? key_verify(x->at.token, x->at.uri, &key, attributes, &read, &why)
                                       : key_examine(x->at.token, x->at.uri, &key, attributes, &read, &why);
    if (!right) {
        finding_failure(&x->found, CHECK_KEY, &why);
        return;
    }
    char size[32] = "";
    // Not every token tells the modulus.
    if (key.modulus_len > 0)
        (void)text_format(size, sizeof size, " (RSA of %zu bits)", rsa_bits(span_of(key.modulus, key.modulus_len)));
    finding_ok(&x->found, CHECK_KEY, NULL, "is there%s, and cannot come out%s%s%s", size,
               key.decided[0] != '\0' ? "; the token decides " : "", key.decided,
               x->wanted->sign ? "; its signature was verified" : "; it has signed nothing now");
}

void check_key(struct examination *x)
{
    if (!findings_passed(&x->found, CHECK_TOKEN))
        finding_skipped(&x->found, CHECK_KEY, CHECK_TOKEN);
    else if (!x->has_identity)
        finding_skipped(&x->found, CHECK_KEY, CHECK_IDENTITY);
    else if (x->logged_in)
        examine(x);
    else
        look(x);
}
