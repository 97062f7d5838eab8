// Prints the sizes and numbers that a program has in it which was compiled with the library's headers.
#include <stddef.h>
#include <stdio.h>

#include <ssa-hsm/signer.h>

#define SIZE(type)           printf(#type " %zu\n", sizeof(type))
#define MEMBER(type, member) printf(#type " " #member " %zu %zu\n", offsetof(type, member), sizeof(((type *)0)->member))
#define NUMBER(name)         printf(#name " %d\n", (int)(name))

int main(void)
{
    SIZE(struct ssa_error);
    MEMBER(struct ssa_error, code);
    MEMBER(struct ssa_error, reason);
    MEMBER(struct ssa_error, domain);
    MEMBER(struct ssa_error, number);
    MEMBER(struct ssa_error, what);
    MEMBER(struct ssa_error, cause);
    MEMBER(struct ssa_error, subject);
    MEMBER(struct ssa_error, detail);
    MEMBER(struct ssa_error, hint);
    SIZE(struct ssa_notice);
    MEMBER(struct ssa_notice, text);
    MEMBER(struct ssa_notice, reason);
    MEMBER(struct ssa_notice, detail);
    SIZE(struct ssa_waiting);
    MEMBER(struct ssa_waiting, what);
    MEMBER(struct ssa_waiting, subject);
    MEMBER(struct ssa_waiting, left_ms);
    SIZE(struct ssa_callbacks);
    MEMBER(struct ssa_callbacks, context);
    MEMBER(struct ssa_callbacks, ask_secret);
    MEMBER(struct ssa_callbacks, confirm);
    MEMBER(struct ssa_callbacks, choose);
    MEMBER(struct ssa_callbacks, tell);
    MEMBER(struct ssa_callbacks, waiting);
    MEMBER(struct ssa_callbacks, interrupted);
    MEMBER(struct ssa_callbacks, recorded);
    MEMBER(struct ssa_callbacks, patience);
    SIZE(struct ssa_run);
    MEMBER(struct ssa_run, settings);
    MEMBER(struct ssa_run, callbacks);
    MEMBER(struct ssa_run, timeout);
    MEMBER(struct ssa_run, insecure_http);
    MEMBER(struct ssa_run, pin_retry);
    MEMBER(struct ssa_run, overwrite);
    SIZE(struct ssa_text);
    MEMBER(struct ssa_text, text);
    MEMBER(struct ssa_text, len);
    MEMBER(struct ssa_text, owner);
    SIZE(struct ssa_access_token);
    MEMBER(struct ssa_access_token, token);
    MEMBER(struct ssa_access_token, scope);
    MEMBER(struct ssa_access_token, type);
    MEMBER(struct ssa_access_token, expires);
    SIZE(struct ssa_token_request);
    MEMBER(struct ssa_token_request, scope);
    MEMBER(struct ssa_token_request, lifetime);
    MEMBER(struct ssa_token_request, not_before);
    SIZE(struct ssa_signature);
    MEMBER(struct ssa_signature, len);
    MEMBER(struct ssa_signature, bytes);
    NUMBER(SSA_OK);
    NUMBER(SSA_UNEXPECTED);
    NUMBER(SSA_USAGE);
    NUMBER(SSA_CONFIG);
    NUMBER(SSA_ABSENT);
    NUMBER(SSA_PIN);
    NUMBER(SSA_KEY_MISSING);
    NUMBER(SSA_TOKEN);
    NUMBER(SSA_NETWORK);
    NUMBER(SSA_CREDENTIALS);
    NUMBER(SSA_REFUSED);
    NUMBER(SSA_RATE_LIMIT);
    NUMBER(SSA_IN_USE);
    NUMBER(SSA_DECLINED);
    NUMBER(SSA_DOMAIN_NONE);
    NUMBER(SSA_DOMAIN_ERRNO);
    NUMBER(SSA_DOMAIN_PKCS11);
    NUMBER(SSA_DOMAIN_CURL);
    NUMBER(SSA_DOMAIN_HTTP);
    NUMBER(SSA_DETAIL);
    NUMBER(SSA_NOTICE);
    NUMBER(SSA_WARNING);
    NUMBER(SSA_PROGRESS);
    NUMBER(SSA_WAIT_OVER);
    NUMBER(SSA_WAIT_SEARCH);
    NUMBER(SSA_WAIT_MODULE);
    NUMBER(SSA_WAIT_TOKEN);
    NUMBER(SSA_WAIT_TOUCH);
    NUMBER(SSA_WAIT_PIN_PAD);
    NUMBER(SSA_WAIT_KEY_PAIR);
    NUMBER(SSA_WAIT_TURN);
    NUMBER(SSA_WAIT_SERVER);
    NUMBER(SSA_WAIT_RETRY);
    NUMBER(SSA_WAIT_RATE_LIMIT);
    NUMBER(SSA_WAIT_CLOSING);
    NUMBER(SSA_WAIT_AGENT);
    NUMBER(SSA_MESSAGE);
    NUMBER(SSA_DIGEST);
    NUMBER(SSA_SIGNATURE_MAX);
    NUMBER(SSA_PROFILES_MAX);
    return 0;
}
