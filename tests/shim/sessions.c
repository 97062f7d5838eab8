/* Tables of sessions, logins and made objects, behind one lock. */
#include "sessions.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct session {
    CK_SESSION_HANDLE handle;
    CK_SLOT_ID slot;
    enum signing signing;
};

struct slot {
    CK_SLOT_ID id;
    enum login login;
    unsigned char pin[32];
};

enum { MAX_SLOTS = 64, MAX_OBJECTS = 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct session *sessions;
static size_t session_count, session_capacity;
static struct slot slots[MAX_SLOTS];
static size_t slot_count;
static CK_OBJECT_HANDLE made[MAX_OBJECTS];
static unsigned long made_in[MAX_OBJECTS]; /* how many sessions had been opened then */
static size_t made_count;
static unsigned long opened;

static void take(void)
{
    pthread_mutex_lock(&lock);
}
static void give(void)
{
    pthread_mutex_unlock(&lock);
}

void sessions_setup(void)
{
    pthread_atfork(take, give, give);
}

static struct session *find_session(CK_SESSION_HANDLE handle)
{
    for (size_t i = 0; i < session_count; i++)
        if (sessions[i].handle == handle)
            return &sessions[i];
    return NULL;
}

static struct slot *find_slot(CK_SLOT_ID id)
{
    for (size_t i = 0; i < slot_count; i++)
        if (slots[i].id == id)
            return &slots[i];
    if (slot_count == MAX_SLOTS)
        return NULL;
    slots[slot_count] = (struct slot){.id = id};
    return &slots[slot_count++];
}

static void end_login_without_sessions(CK_SLOT_ID id)
{
    for (size_t i = 0; i < session_count; i++)
        if (sessions[i].slot == id)
            return;
    struct slot *slot = find_slot(id);
    if (slot != NULL)
        *slot = (struct slot){.id = id};
}

bool session_open(CK_SESSION_HANDLE handle, CK_SLOT_ID slot)
{
    bool good = true;
    take();
    opened++;
    if (session_count == session_capacity) {
        size_t more = session_capacity > 0 ? session_capacity * 2 : 64;
        struct session *grown = realloc(sessions, more * sizeof(*grown));
        good = grown != NULL;
        if (good) {
            sessions = grown;
            session_capacity = more;
        }
    }
    if (good)
        sessions[session_count++] = (struct session){.handle = handle, .slot = slot};
    give();
    return good;
}

void session_close(CK_SESSION_HANDLE handle)
{
    take();
    struct session *session = find_session(handle);
    if (session != NULL) {
        CK_SLOT_ID slot = session->slot;
        *session = sessions[--session_count];
        end_login_without_sessions(slot);
    }
    give();
}

void sessions_close_slot(CK_SLOT_ID slot)
{
    take();
    size_t kept = 0;
    for (size_t i = 0; i < session_count; i++)
        if (sessions[i].slot != slot)
            sessions[kept++] = sessions[i];
    session_count = kept;
    end_login_without_sessions(slot);
    give();
}

void sessions_forget(void)
{
    take();
    session_count = 0;
    slot_count = 0;
    made_count = 0;
    give();
}

bool session_slot(CK_SESSION_HANDLE handle, CK_SLOT_ID *slot)
{
    take();
    const struct session *session = find_session(handle);
    if (session != NULL)
        *slot = session->slot;
    give();
    return session != NULL;
}

enum signing session_signing(CK_SESSION_HANDLE handle)
{
    take();
    const struct session *session = find_session(handle);
    enum signing signing = session != NULL ? session->signing : SIGNING_NONE;
    give();
    return signing;
}

void session_set_signing(CK_SESSION_HANDLE handle, enum signing signing)
{
    take();
    struct session *session = find_session(handle);
    if (session != NULL)
        session->signing = signing;
    give();
}

enum login slot_login(CK_SLOT_ID id)
{
    take();
    const struct slot *slot = find_slot(id);
    enum login login = slot != NULL ? slot->login : LOGIN_NONE;
    give();
    return login;
}

static bool digest(const CK_BYTE *pin, CK_ULONG length, unsigned char out[static 32])
{
    return EVP_Digest(pin != NULL ? pin : (const CK_BYTE *)"", length, out, NULL, EVP_sha256(), NULL) == 1;
}

void slot_set_login(CK_SLOT_ID id, enum login login, const CK_BYTE *pin, CK_ULONG length)
{
    take();
    struct slot *slot = find_slot(id);
    if (slot != NULL) {
        slot->login = login;
        if (!digest(pin, length, slot->pin))
            memset(slot->pin, 0, sizeof(slot->pin));
    }
    give();
}

bool slot_pin_is(CK_SLOT_ID id, const CK_BYTE *pin, CK_ULONG length)
{
    unsigned char asked[32];
    bool same = false;
    take();
    const struct slot *slot = find_slot(id);
    if (slot != NULL && slot->login != LOGIN_NONE && digest(pin, length, asked))
        same = CRYPTO_memcmp(asked, slot->pin, sizeof(asked)) == 0;
    give();
    return same;
}

void object_made(CK_OBJECT_HANDLE object)
{
    take();
    /* The oldest is forgotten when the table is full. */
    made_in[made_count % MAX_OBJECTS] = opened;
    made[made_count++ % MAX_OBJECTS] = object;
    give();
}

bool object_is_ours(CK_OBJECT_HANDLE object)
{
    bool ours = false;
    take();
    for (size_t i = 0; i < made_count && i < MAX_OBJECTS && !ours; i++)
        ours = made[i] == object;
    give();
    return ours;
}

bool object_is_new(CK_OBJECT_HANDLE object)
{
    bool fresh = false;
    take();
    for (size_t i = 0; i < made_count && i < MAX_OBJECTS && !fresh; i++)
        fresh = made[i] == object && made_in[i] == opened;
    give();
    return fresh;
}
