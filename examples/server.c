// Gives access tokens to local programs of the same user, from four threads that share one login:
// cc server.c -pthread $(pkg-config --cflags --libs ssa-hsm) -o server && ./server /run/user/1000/tokens
#include <pthread.h>
#include <ssa-hsm/signer.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;
static struct ssa_signer *signer;
static int listening = -1;

// Each connection gets a line: an access token, which is fetched only when the last one is about to expire.
static void *serve(void *unused)
{
    for (int fd; (fd = accept(listening, NULL, NULL)) >= 0; close(fd)) {
        struct ssa_error err = {0};
        struct ssa_access_token token = {0};
        if (ssa_signer_token(signer, "data:read", 60, &token, &err))
            dprintf(fd, "%s\n", token.token.text);
        else
            fprintf(stderr, "%s: %s (%s)\n", err.subject, err.what, err.cause);
        ssa_access_token_free(&token);
    }
    return unused;
}

static bool listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    umask(077);
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return listening >= 0 && strlen(path) < sizeof address.sun_path && strcpy(address.sun_path, path) != NULL &&
           bind(listening, (const struct sockaddr *)&address, sizeof address) == 0 && listen(listening, 16) == 0;
}

int main(int argc, char **argv)
{
    struct ssa_error err = {0};
    struct ssa_settings *settings = ssa_settings_new();
    const struct ssa_run run = {.settings = settings};
    pthread_t threads[4];
    if (settings == NULL || !ssa_settings_environment(settings, environ, false, &err) ||
        !ssa_settings_profile(settings, NULL, false, NULL, &err) || !ssa_signer_open(&run, &signer, &err)) {
        fprintf(stderr, "%s: %s (%s)\n", err.subject, err.what, err.cause);
        return 1;
    }
    if (argc != 2 || !listen_at(argv[1]))
        return 1;
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, serve, NULL) != 0)
            return 1;
    return pthread_join(threads[0], NULL); // until it is killed; the login ends with the process
}
