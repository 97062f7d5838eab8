#include "oauth/libcurl_wipe.h"

#include <dlfcn.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "core/wipe.h"

static void wipe_and_free(void *memory)
{
    if (memory != NULL)
        secret_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

static void *resize(void *memory, size_t size)
{
    if (memory == NULL)
        return malloc(size);
    const size_t usable = malloc_usable_size(memory);
    if (size != 0 && size <= usable)
        return memory;
    void *larger = malloc(size > 0 ? size : 1);
    if (larger == NULL)
        return NULL;
    memcpy(larger, memory, usable < size ? usable : size);
    wipe_and_free(memory);
    return larger;
}

// An allocator in place of the C library's may lack malloc_usable_size. That of the C library then reads beside what
// the other one gave.
static bool sizes_are_known(void)
{
    Dl_info one, other;
    return dladdr(dlsym(RTLD_DEFAULT, "malloc"), &one) != 0 &&
           dladdr(dlsym(RTLD_DEFAULT, "malloc_usable_size"), &other) != 0 && one.dli_fbase == other.dli_fbase;
}

CURLcode libcurl_init_wiping(void)
{
    if (!sizes_are_known())
        return libcurl.global_init(CURL_GLOBAL_DEFAULT);
    return libcurl.global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_and_free, resize, strdup, calloc);
}

typedef uint64_t ssl_set_options(SSL_CTX *context, uint64_t options);

static CURLcode set_option(CURL *handle, void *context, void *argument)
{
    ssl_set_options *set_options = NULL;
    (void)handle;
    (void)argument;
    // Of the OpenSSL that libcurl has brought, which need not be in the caller's scope.
    void *library = dlopen(LIBCURL_FILE, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    if (library == NULL)
        return CURLE_OK;
    // POSIX lets a function's address go through void *.
    *(void **)&set_options = dlsym(library, "SSL_CTX_set_options");
    if (set_options != NULL)
        (void)set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
    (void)dlclose(library);
    return CURLE_OK;
}

void libcurl_cleanse(CURL *handle)
{
    const curl_version_info_data *version = libcurl.version_info(CURLVERSION_NOW);
    if (version->ssl_version != NULL && strncmp(version->ssl_version, "OpenSSL/3", strlen("OpenSSL/3")) == 0)
        (void)libcurl.easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, set_option);
}
