// The record is written once. The signed text and the printed text differ only in their indentation.
#include "manage/key_evidence.h"

#include <errno.h>

#include "core/base64.h"
#include "core/json.h"
#include "core/result.h"
#include "core/text.h"
#include "hsm/key/facts.h"
#include "hsm/key/sign.h"

// The longest texts are three URIs and two paths.
enum { RECORD_MAX = 24 * 1024, JWS_MAX = 36 * 1024, JSON_MAX = 80 * 1024 };

// Three things tell the record from an assertion, since a verifier may check only one of them: the typ (RFC 8725
// section 3.11), an extension that a verifier must know or refuse (RFC 7515 section 4.1.11), and a payload whose only
// member is not a claim.
static const char header[] = "{\"alg\":\"RS256\",\"crit\":[\"ssa-hsm-evidence\"],"
                             "\"ssa-hsm-evidence\":1,\"typ\":\"ssa-hsm-evidence+jws\"}";
static const char payload_begins[] = "{\"ssa-hsm-evidence\":";

// What the attributes do not show, although a reader may think so.
static const char *const limits[] = {
    ("The API makes the key pair and sends the private half once; it was imported. So CKA_LOCAL, "
     "CKA_ALWAYS_SENSITIVE and CKA_NEVER_EXTRACTABLE cannot be true, and no attribute tells whether a copy "
     "was kept on the way."),
    ("Attributes, token and module are as the module reports them to this program; the signature shows that "
     "the key signed this record, and not by itself where the key is kept."),
    "origin is from the audit trail of the host, which its owner can rewrite.",
};

bool evidence_check(const struct ssa_evidence *wanted, struct ssa_error *err)
{
    const char *challenge = wanted->challenge;
    if (challenge == NULL)
        return true;
    if (challenge[0] == '\0' || strlen(challenge) > SSA_CHALLENGE_MAX)
        return error_set(err, SSA_USAGE, NULL, NULL, "a challenge is 1 to %d bytes long", SSA_CHALLENGE_MAX);
    return text_is_utf8(span_text(challenge)) ||
           error_set(err, SSA_USAGE, NULL, NULL, "the challenge is not valid UTF-8");
}

// A time of 0 is not known.
static void time_member(struct json_writer *w, const char *name, time_t at)
{
    member_time(w, name, at != 0, at);
}

static bool number_member(struct json_writer *w, const char *name, struct span number, struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    if (!secret_new(&text, BASE64URL_LENGTH(RSA_BYTES_MAX), err) || !base64url_append(&text, number))
        return false;
    member_text(w, name, secret_text(&text));
    return true;
}

// A JWK (RFC 7518 section 6.3.1): big-endian without leading zeros.
static bool write_public_key(struct json_writer *w, const struct key *key, struct ssa_error *err)
{
    if (key->modulus_len == 0 || key->exponent_len == 0) {
        member_text(w, "publicKey", NULL);
        return true;
    }
    size_t zeros = 0;
    while (zeros + 1 < key->exponent_len && key->exponent[zeros] == 0)
        zeros++;
    member_open(w, "publicKey", JSON_OBJECT);
    member_text(w, "kty", "RSA");
    const bool done = number_member(w, "n", span_of(key->modulus, key->modulus_len), err) &&
                      number_member(w, "e", span_of(key->exponent + zeros, key->exponent_len - zeros), err);
    json_close(w, JSON_OBJECT);
    return done;
}

static void write_attributes(struct json_writer *w, const struct ssa_verified *v)
{
    member_open(w, "attributes", JSON_ARRAY);
    for (size_t i = 0; i < v->attribute_count; i++) {
        const struct ssa_attribute *a = &v->attributes[i];
        json_open(w, JSON_OBJECT);
        member_text(w, "name", a->name);
        member_bool_or_null(w, "value", a->known, a->value);
        member_bool(w, "wanted", a->wanted);
        member_bool(w, "decidedByToken", a->decided);
        json_close(w, JSON_OBJECT);
    }
    json_close(w, JSON_ARRAY);
}

static void write_facts(struct json_writer *w, struct token *token, const struct key *key)
{
    struct key_fact facts[KEY_FACTS];
    key_facts(token, key, facts);
    member_open(w, "otherAttributes", JSON_ARRAY);
    for (size_t i = 0; i < KEY_FACTS; i++) {
        json_open(w, JSON_OBJECT);
        member_text(w, "name", facts[i].name);
        member_bool_or_null(w, "value", facts[i].known, facts[i].value);
        json_close(w, JSON_OBJECT);
    }
    json_close(w, JSON_ARRAY);
    member_open(w, "limits", JSON_ARRAY);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        json_string(w, span_text(limits[i]));
    json_close(w, JSON_ARRAY);
}

static void write_mechanisms(struct json_writer *w, const struct ssa_verified *v)
{
    if (v->mechanisms_known) {
        member_open(w, "allowedMechanisms", JSON_ARRAY);
        for (size_t i = 0; i < v->mechanism_count; i++)
            json_string(w, span_text(v->mechanisms[i]));
        json_close(w, JSON_ARRAY);
    } else {
        member_text(w, "allowedMechanisms", NULL);
    }
    member_bool_or_null(w, "rawRsa", v->raw_rsa != SSA_RAW_RSA_UNKNOWN, v->raw_rsa == SSA_RAW_RSA_POSSIBLE);
}

static void write_places(struct json_writer *w, const struct token_about *about, const struct token_info *info)
{
    member_open(w, "tokenInfo", JSON_OBJECT);
    member_text(w, "label", info->label);
    member_text(w, "serial", info->serial);
    member_text(w, "manufacturer", info->manufacturer);
    member_text(w, "model", info->model);
    member_text(w, "hardware", about->hardware);
    member_text(w, "firmware", about->firmware);
    json_close(w, JSON_OBJECT);
    member_open(w, "module", JSON_OBJECT);
    member_text(w, "path", about->path);
    member_text(w, "name", about->name);
    member_text(w, "description", about->description);
    member_text(w, "manufacturer", about->manufacturer);
    member_text(w, "version", about->version);
    member_text(w, "cryptoki", about->cryptoki);
    member_text(w, "sha256", about->sha256);
    json_close(w, JSON_OBJECT);
}

static void write_origin(struct json_writer *w, const struct key_origin *origin)
{
    if (!origin->known) {
        member_text(w, "origin", NULL);
        return;
    }
    member_open(w, "origin", JSON_OBJECT);
    member_text(w, "operation", entry_operation_name(origin->operation));
    member_text(w, "import", origin->import);
    time_member(w, "startedAt", origin->started);
    time_member(w, "endedAt", origin->ended);
    member_text(w, "id", origin->id);
    json_name(w, "sequence");
    if (origin->sequence > 0)
        json_integer(w, origin->sequence);
    else
        json_null(w);
    member_text(w, "sha256", origin->sha256);
    json_close(w, JSON_OBJECT);
}

static void write_api(struct json_writer *w, const struct evidence *e)
{
    const struct aps_key *key = &e->api.key;
    if (!e->wanted->ask_api) {
        member_text(w, "api", NULL);
        return;
    }
    member_open(w, "api", JSON_OBJECT);
    member_text(w, "baseUrl", e->api.base_url);
    member_text(w, "clientId", e->api.client_id);
    time_member(w, "serverTime", e->api.server_time);
    member_bool(w, "listed", e->api.listed);
    member_text(w, "status", key->status);
    member_time(w, "createdAt", key->has_created_at, key->created_at);
    member_time(w, "accessedAt", key->has_accessed_at, key->accessed_at);
    json_close(w, JSON_OBJECT);
}

static bool write_record(const struct evidence *e, struct token *token, const struct key *key,
                         const struct ssa_verified *v, struct secret *out, struct ssa_error *err)
{
    struct json_writer w;
    if (!json_begin(&w, out, false))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the record");
    json_open(&w, JSON_OBJECT);
    member_text(&w, "keyId", v->key_id);
    member_text(&w, "serviceAccountId", v->account);
    member_text(&w, "email", v->email);
    member_text(&w, "token", v->token);
    member_text(&w, "modulusSha256", v->modulus_sha256);
    json_name(&w, "bits");
    json_integer(&w, v->bits);
    member_bool(&w, "signatureVerified", v->signature);
    write_attributes(&w, v);
    write_mechanisms(&w, v);
    write_facts(&w, token, key);
    const bool done = write_public_key(&w, key, err);
    write_places(&w, &e->about, token_info(token));
    write_origin(&w, &e->origin);
    write_api(&w, e);
    time_member(&w, "time", time(NULL));
    member_text(&w, "challenge", e->wanted->challenge);
    member_text(&w, "program", "ssa-hsm " SSA_HSM_VERSION);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, err) && done;
}

static bool too_long(struct ssa_error *err)
{
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the record is too long");
}

static bool sign_record(struct token *token, const struct key *key, struct span record, struct secret *jws,
                        struct ssa_error *err)
{
    SECRET_AUTO payload = {0};
    SECRET_AUTO signature = {0};
    if (!secret_new(&payload, RECORD_MAX + sizeof payload_begins + 1, err) ||
        !secret_new(&signature, RSA_BYTES_MAX, err))
        return false;
    if (!secret_append_text(&payload, payload_begins) || !secret_append(&payload, record) ||
        !secret_append_text(&payload, "}") || !base64url_append(jws, span_text(header)) ||
        !secret_append_text(jws, ".") || !base64url_append(jws, secret_span(&payload)))
        return too_long(err);
    if (!key_attest(token, key, secret_span(jws), &signature, err))
        return false;
    return (secret_append_text(jws, ".") && base64url_append(jws, secret_span(&signature))) || too_long(err);
}

// The record once more, for people to read, with its signature as the last member; jws is empty for none.
static bool write_document(struct span record, const struct secret *jws, struct ssa_text *json, struct ssa_error *err)
{
    const char *quote = jws->len > 0 ? "\"" : "";
    SECRET_AUTO flat = {0};
    SECRET_AUTO indented = {0};
    if (!secret_new(&flat, RECORD_MAX + JWS_MAX, err) || !secret_new(&indented, JSON_MAX, err))
        return false;
    // The closing brace is left out.
    if (!secret_append(&flat, span_of(record.data, record.len - 1)) || !secret_append_text(&flat, ",\"evidence\":") ||
        !secret_append_text(&flat, quote) || !secret_append_text(&flat, jws->len > 0 ? secret_text(jws) : "null") ||
        !secret_append_text(&flat, quote) || !secret_append_text(&flat, "}"))
        return too_long(err);
    return json_indent(secret_span(&flat), &indented, err) && result_take(json, &indented, err);
}

bool evidence_write(const struct evidence *e, struct token *token, const struct key *key,
                    const struct ssa_verified *verified, struct ssa_text *json, struct ssa_error *err)
{
    SECRET_AUTO record = {0};
    SECRET_AUTO jws = {0};
    if (!secret_new(&record, RECORD_MAX, err) || !secret_new(&jws, JWS_MAX, err))
        return false;
    if (!write_record(e, token, key, verified, &record, err))
        return false;
    const bool complete = !verified->signature || sign_record(token, key, secret_span(&record), &jws, err);
    if (!complete)
        secret_clear(&jws);
    // The record is there even where the key failed to sign it.
    return write_document(secret_span(&record), &jws, json, complete ? err : ERROR_IGNORED) && complete;
}
