// Prints an access token: cc token.c $(pkg-config --cflags --libs ssa-hsm) -o token && ./token
#include <ssa-hsm/signer.h>
#include <stdio.h>

extern char **environ;

static bool open_signer(struct ssa_settings *settings, struct ssa_signer **signer, struct ssa_error *err)
{
    const struct ssa_run run = {.settings = settings};
    return ssa_settings_environment(settings, environ, false, err) &&
           ssa_settings_profile(settings, NULL, false, NULL, err) && ssa_signer_open(&run, signer, err);
}

int main(void)
{
    struct ssa_error err = {0};
    struct ssa_access_token token = {0};
    struct ssa_signer *signer = NULL;
    struct ssa_settings *settings = ssa_settings_new();
    const bool done = settings != NULL && open_signer(settings, &signer, &err) &&
                      ssa_signer_token(signer, "data:read", 60, &token, &err);
    if (done)
        printf("%s\n", token.token.text);
    else
        fprintf(stderr, "%s: %s (%s)\n", err.subject, err.what, err.cause);
    ssa_access_token_free(&token);
    ssa_signer_close(signer);
    ssa_settings_free(settings);
    return done ? 0 : 1;
}
