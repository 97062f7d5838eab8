/* The script in memory: rules about calls, and rules about what the token claims to be. README.md is its
 * manual. */
#pragma once

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

enum call_id {
#define CALL(name) ID_##name,
#include "calls.def"
#undef CALL
    CALL_COUNT,
    ANY_CALL = CALL_COUNT
};

enum {
    MAX_RULES = 128,
    MAX_ACTIONS = 8,
    MAX_ATTRIBUTES = 64,
    MAX_MECHANISMS = 64,
    MAX_TOKENS = 8,
    MAX_TEXT = 256,
    MAX_VALUE = 512
};

enum action_kind {
    ACT_RETURN,
    ACT_SLEEP,
    ACT_KILL,
    ACT_SIGNAL,
    ACT_REMOVE,
    ACT_INSERT,
    ACT_CORRUPT,
    ACT_BLIND,
    ACT_CLAIM,
    ACT_TOUCH,
    ACT_WAIT
};

struct action {
    enum action_kind kind;
    bool after;
    CK_RV rv;        /* return, remove */
    unsigned int ms; /* sleep */
    CK_ULONG count;  /* claim */
    int signal;      /* kill, signal */
    char path[MAX_TEXT];
    bool own; /* of ACT_KILL: the process that the module is in, and not the program */
};

enum pin_filter { PIN_ANY, PIN_NULL, PIN_EMPTY };

/* Zero is a class and a user, so that a number was given is said beside it. */
struct optional {
    bool given;
    CK_ULONG number;
};

struct filter {
    struct optional object_class, attribute, lacking, user, mechanism;
    enum pin_filter pin;
    bool without_certificate;
};

struct rule {
    unsigned int line;
    enum call_id call;
    unsigned long first, last; /* of the calls that match, from 1 */
    struct filter filter;
    struct action actions[MAX_ACTIONS];
    size_t action_count;
};

struct attribute_rule {
    CK_ATTRIBUTE_TYPE type;
    struct optional object_class;
    bool on_token;  /* of objects with CKA_TOKEN alone */
    bool while_new; /* until the next session is opened */
    bool absent;
    bool length_alone; /* told with CKR_OK, and nothing written */
    unsigned char value[MAX_VALUE];
    CK_ULONG length;
};

struct attribute_rules {
    struct attribute_rule at[MAX_ATTRIBUTES];
    size_t count;
};

struct mechanisms {
    CK_MECHANISM_TYPE at[MAX_MECHANISMS];
    size_t count;
};

struct flag_change {
    CK_FLAGS set, clear;
};

struct text {
    bool given;
    char at[MAX_TEXT];
};

/* What C_GetTokenInfo says instead; called: of the token of that label alone. */
struct token_texts {
    struct text called;
    struct text label, serial, maker, model;
};

struct script {
    struct rule rules[MAX_RULES];
    size_t rule_count;
    bool count_across_processes;

    struct text manufacturer, description; /* C_GetInfo */
    struct token_texts tokens[MAX_TOKENS]; /* the first is of all, in the others' absence */
    size_t token_count;
    struct flag_change token_flags, slot_flags;
    struct optional pin_min, pin_max;
    struct {
        bool given;
        unsigned long major, minor;
    } firmware;
    struct mechanisms hidden, only;
    struct {
        bool given;
        unsigned long from, to; /* the wrapped module's name of it, and ours */
    } renamed;
    bool rsa_aes_wrap;         /* CKM_RSA_AES_KEY_WRAP, of the wrapped module's two */
    struct text absent_while;  /* a file: while it exists, there is no token */
    struct text another_while; /* a file: while it exists, another token is in its place */

    struct attribute_rules reported;                 /* C_GetAttributeValue */
    struct attribute_rules refused, dropped, forced; /* templates of what is made */
    bool complete_rsa;
    bool create_replaces;
    struct text ready_pair; /* a file: what C_GenerateKeyPair gives out */
    bool find_needs_certificate;
    bool find_repeats, find_endless;
    struct mechanisms create_needs_so; /* object classes */

    bool lacks[CALL_COUNT]; /* of the function list */
    bool needs_reserved;    /* C_Initialize */
    bool no_read_only;
    bool always_authenticate;
    struct text protected_pin, so_pin, user_pin;
    unsigned long pin_tries, pin_quiet;
    bool pin_silent;
};

/* Filled once, before any call; not changed afterwards. */
extern struct script script;

extern const char *const call_names[CALL_COUNT];

/* Reads SSA_SHIM_SCRIPT, if set. What is wrong goes to standard error with file and line. */
bool script_load(void);
