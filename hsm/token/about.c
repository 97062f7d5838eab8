#include "hsm/token/about.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hsm/cryptoki/padding.h"
#include "hsm/remote/calls.h"
#include "hsm/token/handle.h"

static void version_text(const CK_VERSION *version, char out[static VERSION_TEXT_MAX])
{
    (void)text_format(out, VERSION_TEXT_MAX, "%u.%u", version->major, version->minor);
}

static void digest_file(const char *path, char out[static FINGERPRINT_TEXT])
{
    struct stat about;
    void *bytes = MAP_FAILED;
    out[0] = '\0';
    // Whatever the path names, it is not waited for.
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0)
        bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes != MAP_FAILED) {
        fingerprint(span_of(bytes, (size_t)about.st_size), out);
        (void)munmap(bytes, (size_t)about.st_size);
    }
    if (fd >= 0)
        (void)close(fd);
}

void token_about(const struct token *token, struct token_about *about)
{
    struct remote *call = token->module.call;
    CK_TOKEN_INFO raw;
    CK_INFO module;
    *about = (struct token_about){0};
    if (call_get_token_info(call, token->slot, &raw) == CKR_OK) {
        version_text(&raw.hardwareVersion, about->hardware);
        version_text(&raw.firmwareVersion, about->firmware);
    }
    if (call_get_info(call, &module) == CKR_OK) {
        padded_text(about->description, sizeof about->description, module.libraryDescription,
                    sizeof module.libraryDescription);
        padded_text(about->manufacturer, sizeof about->manufacturer, module.manufacturerID,
                    sizeof module.manufacturerID);
        version_text(&module.libraryVersion, about->version);
        version_text(&module.cryptokiVersion, about->cryptoki);
    }
    const char *path = module_file(&token->module);
    text_harmless(about->path, sizeof about->path, span_text(path));
    text_harmless(about->name, sizeof about->name, span_text(token->module.entry.name));
    digest_file(path, about->sha256);
}
