#include "keyring/keyring.h"

#include <errno.h>

#include "keyring/libkeyutils.h"

static const char type[] = "user";

// A process possesses a key that it can find from one of its keyrings. Nobody may change the key or make it last
// longer.
static const key_perm_t possessor_alone = KEY_POS_VIEW | KEY_POS_READ | KEY_POS_SEARCH | KEY_POS_LINK;

static bool refused(const char *call, struct ssa_error *err)
{
    const int number = errno;
    return error_errno(err, SSA_UNEXPECTED, number, NULL, "%s failed", call);
}

// What makes a single key useless, and not the keyring.
static bool is_of_key(int number)
{
    return number == ENOKEY || number == EKEYEXPIRED || number == EKEYREVOKED || number == EACCES;
}

// Whatever session keyring the process has, or has not: it possesses what the user's keyring holds.
static bool possess(const struct libkeyutils *keyutils, struct ssa_error *err)
{
    return keyutils->keyctl_link(KEY_SPEC_USER_KEYRING, KEY_SPEC_PROCESS_KEYRING) == 0 || refused("keyctl_link", err);
}

bool keyring_read(const char *name, struct secret *out, struct ssa_error *err)
{
    const struct libkeyutils *keyutils = libkeyutils_load(err);
    if (keyutils == NULL)
        return false;
    const long key = keyutils->keyctl_search(KEY_SPEC_USER_KEYRING, type, name, 0);
    if (key < 0)
        return is_of_key(errno) || refused("keyctl_search", err);
    if (!possess(keyutils, err))
        return false;
    const long len = keyutils->keyctl_read((key_serial_t)key, (char *)out->data, out->capacity);
    if (len < 0)
        return is_of_key(errno) || refused("keyctl_read", err);
    // It is the whole length, also where that does not fit.
    if ((unsigned long)len > out->capacity) {
        secret_wipe(out->data, out->capacity);
        return true;
    }
    out->len = (size_t)len;
    return true;
}

// A key in the process's own keyring, which nobody else sees, and which ends with the process.
static key_serial_t add(const struct libkeyutils *keyutils, const char *name, struct span bytes, unsigned seconds,
                        struct ssa_error *err)
{
    const key_serial_t key = keyutils->add_key(type, name, bytes.data, bytes.len, KEY_SPEC_PROCESS_KEYRING);
    if (key < 0)
        refused("add_key", err);
    else if (keyutils->keyctl_set_timeout(key, seconds) != 0)
        refused("keyctl_set_timeout", err);
    else if (keyutils->keyctl_setperm(key, possessor_alone) != 0)
        refused("keyctl_setperm", err);
    else
        return key;
    return -1;
}

bool keyring_store(const char *name, struct span bytes, unsigned seconds, struct ssa_error *err)
{
    const struct libkeyutils *keyutils = libkeyutils_load(err);
    if (keyutils == NULL)
        return false;
    const key_serial_t key = add(keyutils, name, bytes, seconds, err);
    if (key < 0)
        return false;
    // It takes the place of a key of the same name. Before this, all that belongs to it is done.
    return keyutils->keyctl_link(key, KEY_SPEC_USER_KEYRING) == 0 || refused("keyctl_link", err);
}
