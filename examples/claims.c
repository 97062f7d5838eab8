// Signs claims of your own, as a JWT: cc claims.c $(pkg-config --cflags --libs ssa-hsm libcrypto) -o claims
// ./claims '{"sub":"me","exp":1900000000}'
#include <openssl/evp.h>
#include <ssa-hsm/signer.h>
#include <stdio.h>
#include <string.h>

extern char **environ;

// Appends base64url (RFC 7515 section 2); out has the room.
static void append(char *out, const void *bytes, size_t len)
{
    out += strlen(out);
    const int coded = EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);
    for (char *c = out; c < out + coded; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
}

static bool sign(struct ssa_signer *signer, const char *claims, char *jwt, struct ssa_error *err)
{
    static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
    struct ssa_signature signature;
    append(jwt, header, strlen(header));
    strcat(jwt, ".");
    append(jwt, claims, strlen(claims));
    if (!ssa_signer_sign(signer, SSA_MESSAGE, jwt, strlen(jwt), &signature, err))
        return false;
    strcat(jwt, ".");
    append(jwt, signature.bytes, signature.len);
    return true;
}

int main(int argc, char **argv)
{
    static char jwt[8192];
    if (argc != 2 || strlen(argv[1]) > 4096)
        return 2;
    struct ssa_error err = {0};
    struct ssa_signer *signer = NULL;
    struct ssa_settings *settings = ssa_settings_new();
    const struct ssa_run run = {.settings = settings};
    const bool done = settings != NULL && ssa_settings_environment(settings, environ, false, &err) &&
                      ssa_settings_profile(settings, NULL, false, NULL, &err) && ssa_signer_open(&run, &signer, &err) &&
                      sign(signer, argv[1], jwt, &err);
    if (done)
        printf("%s\n", jwt);
    else
        fprintf(stderr, "%s: %s (%s)\n", err.subject, err.what, err.cause);
    ssa_signer_close(signer);
    ssa_settings_free(settings);
    return done ? 0 : 1;
}
