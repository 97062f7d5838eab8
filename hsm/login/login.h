// Logging in to a token.
#pragma once

#include "hsm/token/pin_giver.h"

struct token;

// Opens a session and logs in as the user. A PIN is tried once, and not at all where its length or the token's flags
// show that it cannot be right. After it was refused, giver decides whether another one is asked for. It is kept in
// locked memory for keys that want a login for each signature. What giver refers to must live as long as the token.
// Fails with SSA_PIN or SSA_TOKEN.
bool login_user(struct token *token, bool writable, const struct pin_giver *giver, struct ssa_error *err) MUST_CHECK;

// For an import, after the user's login. Where this kind of token demands it, the security officer logs in instead of
// the user, with the PIN that so gives (of a PIV card, the management key). For other tokens it does nothing.
bool login_officer(struct token *token, const struct pin_giver *so, struct ssa_error *err) MUST_CHECK;

// From now on, work on the token goes on even if the person wants to stop: it undoes what was begun there. Where its
// module crashed, hangs or was stopped, it is started once more, and the PIN that was right is sent to it. Then *fresh
// is true, and nothing is known any more of the objects that were found. Fails with SSA_TOKEN.
bool login_for_undoing(struct token *token, bool *fresh, struct ssa_error *err) MUST_CHECK;

// For a token that was lost while it was open, or whose login was: starts the module afresh, finds the same token, and
// logs in as login_user does, with a PIN that giver gives. A PIN that was kept is wiped before. Fails with SSA_ABSENT
// where the token is not there.
bool login_renew(struct token *token, const struct pin_giver *giver, struct ssa_error *err) MUST_CHECK;

// Whether the token is in its slot, and the user is still logged in to it. Sends no PIN.
bool login_stands(struct token *token) MUST_CHECK;

// The PIN that was right: wipes it, takes it out of the token, or puts it back. None of these ends the login. It must
// stay in the token while a key wants a login for each signature.
void login_forget_pin(struct token *token);
struct secret login_take_pin(struct token *token);
void login_return_pin(struct token *token, struct secret *pin);

// Whether another process's use of the token ends our login, so that the PIN is sent to it again and again.
bool login_ends_often(const struct token *token);

// Whether the error says that the token looked at the PIN and did not accept it.
bool login_says_refused(const struct ssa_error *err);

// Whether the error is of a key's own login, which the token may have refused: it is not known.
bool login_says_unanswered(const struct ssa_error *err);

// Fails with SSA_PIN where the token's flags say that no PIN can be right: it is locked, or there is none yet.
bool login_is_possible(const struct token *token, struct ssa_error *err) MUST_CHECK;

// What people call the security officer's PIN on this token; NULL where an import does not need it. *factory is its
// value on a new token, or NULL.
const char *login_so_pin_name(const struct token *token, const char **factory);

// Whether the error says that the user PIN is locked.
bool login_says_locked(const struct ssa_error *err);

// Whether the error says that the token has no user PIN. That is also said of a token that another process is writing.
bool login_says_no_pin(const struct ssa_error *err);
