// The bare program: what a program in C needs for one access token, with raw PKCS#11 and libcurl, one step after the
// other. It makes the same request as `ssa-hsm token`. Its settings are in the environment (world.py).
#include <time.h>

#include <curl/curl.h>
#include <yajl/yajl_tree.h>

#include "bare_token.h"

enum { TEXT_MAX = 8192, SIGNATURE_MAX = 1024, LIFETIME = 300 };

#define SCOPE    "data:read data:write"
#define AUDIENCE "https://developer.api.autodesk.com/authentication/v2/token"

__attribute__((format(printf, 2, 3))) static void append(char *text, const char *format, ...)
{
    va_list arguments;
    const size_t len = strlen(text);
    va_start(arguments, format);
    const int added = vsnprintf(text + len, TEXT_MAX - len, format, arguments);
    va_end(arguments);
    if (added < 0 || (size_t)added >= TEXT_MAX - len)
        die("the text is too long");
}

static void append_base64url(char *text, const unsigned char *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *out = text + strlen(text);
    if ((size_t)(out - text) + (len + 2) / 3 * 4 >= TEXT_MAX)
        die("the text is too long");
    for (size_t i = 0; i < len; i += 3) {
        const unsigned second = i + 1 < len ? data[i + 1] : 0, third = i + 2 < len ? data[i + 2] : 0;
        const unsigned bits = (unsigned)data[i] << 16 | second << 8 | third;
        *out++ = digits[bits >> 18];
        *out++ = digits[bits >> 12 & 63];
        if (i + 1 < len)
            *out++ = digits[bits >> 6 & 63];
        if (i + 2 < len)
            *out++ = digits[bits & 63];
    }
    *out = '\0';
}

static void read_pin(char *pin, size_t size)
{
    FILE *file = fopen(setting("BENCH_PIN_FILE"), "re");
    if (file == NULL || fgets(pin, (int)size, file) == NULL)
        die("the PIN cannot be read");
    (void)fclose(file);
    pin[strcspn(pin, "\n")] = '\0';
}

static CK_OBJECT_HANDLE find_key(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, const char *id)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, (void *)(size_t)id, strlen(id)}};
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_ULONG count = 0;
    check(p11->C_FindObjectsInit(session, wanted, 2), "C_FindObjectsInit");
    check(p11->C_FindObjects(session, &key, 1, &count), "C_FindObjects");
    check(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    if (count == 0)
        die("there is no key %s", id);
    return key;
}

// Appends the signature of the text to the text.
static void sign(char *text)
{
    char pin[256];
    unsigned char signature[SIGNATURE_MAX];
    CK_ULONG len = sizeof signature;
    CK_SESSION_HANDLE session;
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    read_pin(pin, sizeof pin);
    CK_FUNCTION_LIST *p11 = load(setting("BENCH_MODULE"));
    const CK_SLOT_ID slot = find_token(p11, setting("BENCH_TOKEN"));
    check(p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session), "C_OpenSession");
    check(p11->C_Login(session, CKU_USER, (unsigned char *)pin, strlen(pin)), "C_Login");
    check(p11->C_SignInit(session, &mechanism, find_key(p11, session, setting("KEY_ID"))), "C_SignInit");
    check(p11->C_Sign(session, (unsigned char *)text, strlen(text), signature, &len), "C_Sign");
    check(p11->C_Finalize(NULL), "C_Finalize");
    append(text, ".");
    append_base64url(text, signature, len);
}

static void write_assertion(char *text)
{
    char header[TEXT_MAX] = "", claims[TEXT_MAX] = "";
    append(header, "{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", setting("KEY_ID"));
    append(claims,
           "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"" AUDIENCE
           "\",\"exp\":%lld,\"scope\":[\"data:read\",\"data:write\"]}",
           setting("APS_CLIENT_ID"), setting("SERVICE_ACCOUNT_ID"), (long long)time(NULL) + LIFETIME);
    append_base64url(text, (unsigned char *)header, strlen(header));
    append(text, ".");
    append_base64url(text, (unsigned char *)claims, strlen(claims));
    sign(text);
}

static size_t take(char *data, size_t size, size_t count, void *context)
{
    char *answer = context;
    const size_t len = strlen(answer);
    if (size * count >= TEXT_MAX - len)
        return 0;
    memcpy(answer + len, data, size * count);
    answer[len + size * count] = '\0';
    return size * count;
}

static void set(CURLcode code)
{
    if (code != CURLE_OK)
        die("curl_easy_setopt: %s", curl_easy_strerror(code));
}

static void set_authorities(CURL *curl)
{
    // Without BENCH_CA, libcurl's defaults hold, and a folder is added where the environment names one.
    if (getenv("BENCH_CA") != NULL)
        set(curl_easy_setopt(curl, CURLOPT_CAINFO, getenv("BENCH_CA")));
    else if (getenv("SSL_CERT_DIR") != NULL)
        set(curl_easy_setopt(curl, CURLOPT_CAPATH, getenv("SSL_CERT_DIR")));
}

static void post(const char *assertion, char *answer)
{
    char url[TEXT_MAX] = "", form[TEXT_MAX] = "", login[TEXT_MAX] = "", error[CURL_ERROR_SIZE] = "";
    long status = 0;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        die("curl_global_init failed");
    CURL *curl = curl_easy_init();
    char *scope = curl != NULL ? curl_easy_escape(curl, SCOPE, 0) : NULL;
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    if (scope == NULL || headers == NULL)
        die("no memory");
    append(url, "%s/authentication/v2/token", setting("BENCH_URL"));
    append(login, "%s:%s", setting("APS_CLIENT_ID"), setting("APS_SECRET_ID"));
    append(form, "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Ajwt-bearer&assertion=%s&scope=%s",
           assertion, scope);
    set(curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error));
    set(curl_easy_setopt(curl, CURLOPT_URL, url));
    set(curl_easy_setopt(curl, CURLOPT_USERPWD, login));
    set(curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form));
    set(curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers));
    set(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take));
    set(curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer));
    set_authorities(curl);
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        die("%s", error[0] != '\0' ? error : curl_easy_strerror(code));
    set(curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status));
    if (status != 200)
        die("the API answers %ld: %s", status, answer);
    curl_free(scope);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
}

int main(void)
{
    char assertion[TEXT_MAX] = "", answer[TEXT_MAX] = "", error[256] = "";
    const char *path[] = {"access_token", NULL};
    write_assertion(assertion);
    post(assertion, answer);
    yajl_val json = yajl_tree_parse(answer, error, sizeof error);
    const char *token = json != NULL ? YAJL_GET_STRING(yajl_tree_get(json, path, yajl_t_string)) : NULL;
    if (token == NULL)
        die("the answer has no access token: %s", error);
    if (puts(token) < 0 || fflush(stdout) != 0)
        die("the access token cannot be printed");
    yajl_tree_free(json);
    return 0;
}
