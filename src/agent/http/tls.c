#include "agent/http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/http/libgnutls.h"
#include "core/descriptor.h"
#include "core/file_mark.h"
#include "core/read.h"
#include "core/shortage.h"
#include "core/text.h"

enum { FILE_MAX = 256 * 1024, NAME_MAX_BYTES = 256, NAMES_MAX = 64, LINE_MAX_BYTES = 1024 };

enum file { FILE_CERT, FILE_KEY, FILE_CLIENT_CA, FILES };

struct tls_files {
    gnutls_certificate_credentials_t credentials;
    atomic_uint users;
};

struct tls {
    struct tls_config config;
    pthread_mutex_t mutex;
    struct tls_files *files;
    struct file_mark read[FILES]; // the files as they were when they were read, or could not be
    bool lacks;                   // they could not for want of descriptors or memory, which was told
    struct secret cert, key;      // until tls_forget
};

// What a certificate must be good for. libgnutls takes it as not constant, and does not change it.
static gnutls_typed_vdata_st purpose[] = {
    {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT}};

static const char *path_of(const struct tls *tls, enum file file)
{
    const char *const paths[FILES] = {
        [FILE_CERT] = tls->config.cert, [FILE_KEY] = tls->config.key, [FILE_CLIENT_CA] = tls->config.client_ca};
    return paths[file];
}

static void say(const struct tls *tls, enum ssa_level level, const char *line)
{
    if (tls->config.tell != NULL)
        tls->config.tell(tls->config.context, level, line);
}

static bool read_file(struct tls *tls, enum file file, struct secret *text, struct ssa_error *err)
{
    const char *path = path_of(tls, file);
    struct stat about;
    char line[LINE_MAX_BYTES];
    DESCRIPTOR_AUTO fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &about) != 0)
        return error_errno(err, SSA_CONFIG, errno, path, "cannot be read");
    if (!S_ISREG(about.st_mode))
        return error_set(err, SSA_CONFIG, NULL, path, "is not a regular file");
    if (file == FILE_KEY && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0 &&
        text_format(line, sizeof line, "%s: others can read the private key: `chmod 600` helps", path))
        say(tls, SSA_WARNING, line);
    return secret_new(text, FILE_MAX, err) && read_secret(text, fd, path, NULL, err);
}

static gnutls_datum_t datum(const struct secret *text)
{
    return (gnutls_datum_t){.data = text->data, .size = (unsigned)text->len};
}

static void files_free(struct tls_files *files)
{
    if (files->credentials != NULL)
        libgnutls.certificate_free_credentials(files->credentials);
    free(files);
}

void tls_drop(struct tls_files *files)
{
    if (files != NULL && atomic_fetch_sub(&files->users, 1) == 1)
        files_free(files);
}

static bool take_files(const struct tls *tls, struct tls_files *files, const struct secret *texts,
                       struct ssa_error *err)
{
    const gnutls_datum_t cert = datum(&texts[FILE_CERT]), key = datum(&texts[FILE_KEY]),
                         ca = datum(&texts[FILE_CLIENT_CA]);
    if (libgnutls.certificate_allocate_credentials(&files->credentials) != 0)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "there is no memory for certificates");
    const int trusted = libgnutls.certificate_set_x509_trust_mem(files->credentials, &ca, GNUTLS_X509_FMT_PEM);
    if (trusted <= 0)
        return error_set(err, SSA_CONFIG, NULL, path_of(tls, FILE_CLIENT_CA), "has no certificate of an issuer%s%s",
                         trusted < 0 ? ": " : "", trusted < 0 ? libgnutls.strerror(trusted) : "");
    const int taken = libgnutls.certificate_set_x509_key_mem(files->credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
    return taken >= 0 || error_set(err, SSA_CONFIG, NULL, path_of(tls, FILE_CERT),
                                   "certificate and key cannot be used: %s", libgnutls.strerror(taken));
}

static void free_texts(struct secret *texts)
{
    for (size_t i = 0; i < FILES; i++)
        secret_free(&texts[i]);
}

static bool fill(struct tls *tls, struct tls_files *files, bool keep_texts, struct ssa_error *err)
{
    struct secret texts[FILES] = {{0}};
    bool done = true;
    for (size_t i = 0; done && i < FILES; i++)
        done = read_file(tls, (enum file)i, &texts[i], err);
    done = done && take_files(tls, files, texts, err);
    if (done && keep_texts) {
        tls->cert = texts[FILE_CERT];
        tls->key = texts[FILE_KEY];
        texts[FILE_CERT] = texts[FILE_KEY] = (struct secret){0};
    }
    free_texts(texts);
    return done;
}

static struct tls_files *load(struct tls *tls, bool keep_texts, struct ssa_error *err)
{
    struct tls_files *files = calloc(1, sizeof *files);
    if (files == NULL) {
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "there is no memory for certificates");
        return NULL;
    }
    atomic_store(&files->users, 1);
    if (fill(tls, files, keep_texts, err))
        return files;
    tls_drop(files);
    return NULL;
}

static void look(const struct tls *tls, struct file_mark now[static FILES])
{
    for (size_t i = 0; i < FILES; i++)
        (void)file_mark_path(path_of(tls, (enum file)i), &now[i]);
}

bool tls_open(const struct tls_config *config, struct tls **opened, struct ssa_error *err)
{
    if (!libgnutls_load(err))
        return false;
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL || pthread_mutex_init(&tls->mutex, NULL) != 0) {
        free(tls);
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "there is no memory for TLS");
    }
    tls->config = *config;
    look(tls, tls->read);
    tls->files = load(tls, true, err);
    if (tls->files == NULL) {
        tls_close(tls);
        return false;
    }
    *opened = tls;
    return true;
}

void tls_close(struct tls *tls)
{
    if (tls == NULL)
        return;
    tls_forget(tls);
    tls_drop(tls->files);
    (void)pthread_mutex_destroy(&tls->mutex);
    free(tls);
}

const char *tls_cert_text(const struct tls *tls)
{
    return secret_text(&tls->cert);
}

const char *tls_key_text(const struct tls *tls)
{
    return secret_text(&tls->key);
}

void tls_forget(struct tls *tls)
{
    secret_free(&tls->cert);
    secret_free(&tls->key);
}

static OWN_FRAME void tell_failure(const struct tls *tls, const struct ssa_error *err)
{
    char line[LINE_MAX_BYTES];
    if (text_format(line, sizeof line, "%s: %s; what was read before stays in use", err->subject, err->what))
        say(tls, SSA_WARNING, line);
}

// Reads the files again where one has changed. Until all of them fit together, the old ones stay.
static void refresh(struct tls *tls)
{
    struct file_mark now[FILES];
    struct ssa_error err;
    bool same = true;
    look(tls, now);
    for (size_t i = 0; i < FILES; i++)
        same = same && file_mark_same(&now[i], &tls->read[i]);
    if (same)
        return;
    struct tls_files *files = load(tls, false, &err);
    const bool told = shortage_again(&tls->lacks, files == NULL ? &err : NULL);
    // For want of descriptors, they were not looked into: the next connection tries again.
    if (!tls->lacks)
        memcpy(tls->read, now, sizeof now);
    if (files == NULL) {
        if (!told)
            tell_failure(tls, &err);
        return;
    }
    tls_drop(tls->files);
    tls->files = files;
    say(tls, SSA_NOTICE, "the broker's certificates are read again");
}

struct tls_files *tls_begin(struct tls *tls, void *session)
{
    (void)pthread_mutex_lock(&tls->mutex);
    refresh(tls);
    struct tls_files *files = tls->files;
    (void)atomic_fetch_add(&files->users, 1);
    (void)pthread_mutex_unlock(&tls->mutex);
    if (libgnutls.credentials_set(session, GNUTLS_CRD_CERTIFICATE, files->credentials) != 0) {
        tls_drop(files);
        return NULL;
    }
    libgnutls.certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    libgnutls.session_set_verify_cert2(session, purpose, COUNT(purpose), 0);
    return files;
}

// The handshake has verified it, but that may have been long ago.
bool tls_is_good(void *session)
{
    unsigned status = ~0U;
    return libgnutls.protocol_get_version(session) >= GNUTLS_TLS1_2 &&
           libgnutls.certificate_verify_peers(session, purpose, COUNT(purpose), &status) == 0 && status == 0;
}

// The kind of the next name, or a negative number. A name with a NUL in it would be read in two ways, and a DNS name
// with a colon could pass for a URI.
static int next_name(gnutls_x509_crt_t cert, unsigned at, char *name, struct span *text)
{
    size_t size = NAME_MAX_BYTES;
    const int kind = libgnutls.x509_crt_get_subject_alt_name(cert, at, name, &size, NULL);
    *text = span_of(NULL, 0);
    if (kind < 0)
        return kind;
    const bool plain = size < NAME_MAX_BYTES && memchr(name, '\0', size) == NULL;
    const bool has_colon = plain && memchr(name, ':', size) != NULL;
    if (plain && ((kind == GNUTLS_SAN_DNSNAME && !has_colon) || (kind == GNUTLS_SAN_URI && has_colon)))
        *text = span_of(name, size);
    return kind;
}

static bool visit_names(gnutls_x509_crt_t cert, tls_visit *visit, void *context)
{
    char name[NAME_MAX_BYTES];
    struct span text;
    for (unsigned i = 0; i < NAMES_MAX; i++) {
        const int kind = next_name(cert, i, name, &text);
        // One that is too long is nobody's.
        if (kind < 0 && kind != GNUTLS_E_SHORT_MEMORY_BUFFER)
            return false;
        if (text.len > 0 && visit(context, text))
            return true;
    }
    return false;
}

bool tls_names(void *session, tls_visit *visit, void *context)
{
    unsigned count = 0;
    gnutls_x509_crt_t cert;
    const gnutls_datum_t *chain = libgnutls.certificate_get_peers(session, &count);
    if (chain == NULL || count == 0 || libgnutls.x509_crt_init(&cert) != 0)
        return false;
    const bool found =
        libgnutls.x509_crt_import(cert, &chain[0], GNUTLS_X509_FMT_DER) == 0 && visit_names(cert, visit, context);
    libgnutls.x509_crt_deinit(cert);
    return found;
}
