// What is said between hsm/ and the program that has a module loaded: one message a packet, a request and its
// answer in turn. Beside the first connection there may be lanes, each with a thread of the host.
//
// A request is the number of the call and its parameters in the standard's order, an answer the CK_RV and
// what the call gave; struct writer and struct reader (core/codec.h) say how. A template is a count, and for
// each attribute its type, the length and the value.
#pragma once

#include <p11-kit/pkcs11.h>

#include "core/codec.h"

enum {
    MESSAGE_MAX = 65536,      // bytes of a packet
    HOST_SLOTS_MAX = 256,     // of a list of slots
    HOST_OBJECTS_MAX = 1024,  // handles of one C_FindObjects
    HOST_ATTRIBUTES_MAX = 32, // attributes
    VALUE_MAX = 16384,        // bytes of an attribute, a PIN, data that is signed or unwrapped
    PATH_BYTES_MAX = 4096,    // of the module's path, and of C_Initialize's reserved string
    SMALL_VALUE_MAX = 8,      // bytes of a buffer that goes there as it is: modules look at those
    DLERROR_MAX = 1024,
    HOST_FD = 3, // the host's end
};

#define HOST_NAME "ssa-hsm-host" // the program's file

// How far the loading of a module came: the first number of that answer.
enum load_stage { LOAD_NO_LIBRARY, LOAD_NO_FUNCTION, LOAD_ASKED, LOAD_STAGES };

enum call_number {
    CALL_LOAD = 1,   // path -> the stage, and the file that was loaded or the text of dlerror; once, before all others
    CALL_INITIALIZE, // the reserved string, and whether several threads will call it -> whether they may
    CALL_FINALIZE,
    CALL_GET_INFO,
    CALL_GET_SLOT_LIST,
    CALL_GET_SLOT_INFO,
    CALL_GET_TOKEN_INFO,
    CALL_GET_MECHANISM_INFO,
    CALL_OPEN_SESSION,
    CALL_CLOSE_SESSION,
    CALL_GET_SESSION_INFO,
    CALL_LOGIN,
    CALL_LOGOUT,
    CALL_CREATE_OBJECT,
    CALL_DESTROY_OBJECT,
    CALL_GET_ATTRIBUTE_VALUE,
    CALL_SET_ATTRIBUTE_VALUE,
    CALL_FIND_OBJECTS_INIT,
    CALL_FIND_OBJECTS,
    CALL_FIND_OBJECTS_FINAL,
    CALL_SIGN_INIT,
    CALL_SIGN,
    CALL_GENERATE_KEY_PAIR,
    CALL_UNWRAP_KEY,
    CALL_SIGN_AT_ONCE, // C_SignInit, and C_Sign where that succeeds -> whether that was so, and what C_Sign gives
    CALL_OPEN_LANE,    // with a descriptor: one more connection, whose calls are made by a thread of its own
    // C_GetAttributeValue of one object after the other, as many as there is room and time for, up to the first that is
    // not CKR_OK -> that one's CK_RV, and what each gives
    CALL_GET_ATTRIBUTE_VALUES,
    CALL_COUNT
};

// Before the CK_RV of an answer: whether the module made it.
enum answer_kind {
    ANSWER_MADE,
    ANSWER_LACKS,   // the module's list has no such function
    ANSWER_REFUSED, // the host could not make sense of the request
    ANSWER_KINDS
};

// Whether an attribute is one of those that are used here, and flat: its value has no pointer in it.
bool attribute_is_known(CK_ATTRIBUTE_TYPE type);

// A template in a request. The values of the one that is read stay in the message.
void put_template(struct writer *w, const CK_ATTRIBUTE *template, CK_ULONG count);
CK_ULONG get_template(struct reader *r, CK_ATTRIBUTE template[static HOST_ATTRIBUTES_MAX]);

// A mechanism with its parameter; what the parameter points to stays in the message. False for one that is
// not known.
union mechanism_parameter {
    CK_RSA_PKCS_OAEP_PARAMS oaep;
    struct {
        CK_ULONG bits;
        CK_RSA_PKCS_OAEP_PARAMS *oaep;
    } rsa_aes; // CK_RSA_AES_KEY_WRAP_PARAMS, which p11-kit's header does not have
};
struct mechanism_room {
    CK_MECHANISM mechanism;
    union mechanism_parameter parameter;
    CK_RSA_PKCS_OAEP_PARAMS inner;
};
bool put_mechanism(struct writer *w, const CK_MECHANISM *mechanism);
bool get_mechanism(struct reader *r, struct mechanism_room *room);
