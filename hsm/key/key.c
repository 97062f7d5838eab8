// Who a key is.
#include "hsm/key/key.h"

struct span key_id(const struct key_name *name)
{
    return name->slot != 0 ? span_of(&name->slot, 1) : span_text(name->kid);
}

bool key_of_numbers(const struct rsa_key *numbers, struct key *key, struct ssa_error *err)
{
    *key = (struct key){.modulus_len = numbers->n.len, .exponent_len = numbers->e.len};
    if (numbers->n.len > sizeof key->modulus || numbers->e.len > sizeof key->exponent)
        return error_set(err, SSA_CONFIG, NULL, NULL, "the key's public numbers are too long");
    memcpy(key->modulus, numbers->n.data, numbers->n.len);
    memcpy(key->exponent, numbers->e.data, numbers->e.len);
    return true;
}
