// What is told of a token and its module for the record.
#include "hsm/token/about.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "hsm/cryptoki/padding.h"
#include "hsm/token/handle.h"

enum { SHA256_BYTES = 32 };

static void version_text(const CK_VERSION *version, char out[static VERSION_TEXT_MAX])
{
    (void)text_format(out, VERSION_TEXT_MAX, "%u.%u", version->major, version->minor);
}

static bool digest_fd(int fd, EVP_MD_CTX *context, unsigned char digest[static SHA256_BYTES])
{
    unsigned char block[4096];
    ssize_t got = 0;
    if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        return false;
    while ((got = read(fd, block, sizeof block)) > 0)
        if (EVP_DigestUpdate(context, block, (size_t)got) != 1)
            return false;
    return got == 0 && EVP_DigestFinal_ex(context, digest, NULL) == 1;
}

static void digest_file(const char *path, char out[static FINGERPRINT_TEXT])
{
    unsigned char digest[SHA256_BYTES];
    out[0] = '\0';
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (fd >= 0 && context != NULL && digest_fd(fd, context, digest))
        text_hex(out, span_of(digest, sizeof digest));
    EVP_MD_CTX_free(context);
    if (fd >= 0)
        (void)close(fd);
}

// The file that the loader found, which a path without a slash does not name.
static const char *loaded_path(const struct token *token)
{
    const char *path = token->module.entry.path;
    struct link_map *map = NULL;
    // It is there: this counts a user more, and opens nothing.
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (library != NULL && dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && text_present(map->l_name))
        path = map->l_name;
    return path;
}

void token_about(const struct token *token, struct token_about *about)
{
    CK_FUNCTION_LIST *call = token->module.call;
    CK_TOKEN_INFO raw;
    CK_INFO module;
    *about = (struct token_about){0};
    if (call->C_GetTokenInfo(token->slot, &raw) == CKR_OK) {
        version_text(&raw.hardwareVersion, about->hardware);
        version_text(&raw.firmwareVersion, about->firmware);
    }
    if (call->C_GetInfo(&module) == CKR_OK) {
        padded_text(about->description, sizeof about->description, module.libraryDescription,
                    sizeof module.libraryDescription);
        padded_text(about->manufacturer, sizeof about->manufacturer, module.manufacturerID,
                    sizeof module.manufacturerID);
        version_text(&module.libraryVersion, about->version);
        version_text(&module.cryptokiVersion, about->cryptoki);
    }
    const char *path = loaded_path(token);
    text_harmless(about->path, sizeof about->path, span_text(path));
    text_harmless(about->name, sizeof about->name, span_text(token->module.entry.name));
    digest_file(path, about->sha256);
}
