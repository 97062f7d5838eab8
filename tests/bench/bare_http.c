// The bare HTTP server: libmicrohttpd with one thread on a Unix socket, which answers each request with the same text,
// as long as the agent's and under the same headers. bare_http SOCKET LENGTH runs until its standard input ends.
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECTIONS = 1024, WAITING = 1024, NUMBER_BASE = 10 };

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **request)
{
    static int begun;
    (void)url, (void)method, (void)version, (void)upload, (void)upload_size;
    // It is asked first when the headers are there, and again when the request is.
    if (*request == NULL) {
        *request = &begun;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, context);
}

static int listening(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    return bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, WAITING) == 0 ? fd : -1;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fputs("usage: bare_http SOCKET LENGTH\n", stderr);
        return 2;
    }
    const size_t len = strtoul(argv[2], NULL, NUMBER_BASE);
    char *body = malloc(len + 1);
    if (body == NULL)
        return 1;
    memset(body, 'x', len);
    struct MHD_Response *response = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL || MHD_add_response_header(response, "Content-Type", "application/json") != MHD_YES ||
        MHD_add_response_header(response, "Cache-Control", "no-store") != MHD_YES)
        return 1;
    const int fd = listening(argv[1]);
    struct MHD_Daemon *server =
        fd < 0
            ? NULL
            : MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response, MHD_OPTION_LISTEN_SOCKET,
                               fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_END);
    if (server == NULL) {
        perror("bare_http");
        return 1;
    }
    char none;
    while (read(STDIN_FILENO, &none, 1) > 0)
        ;
    MHD_stop_daemon(server);
    MHD_destroy_response(response);
    return 0;
}
