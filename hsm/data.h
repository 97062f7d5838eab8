// Data objects on a token (PKCS#11 v2.40 section 4.5): a small secret beside the keys. The token is logged
// in.
//
// A URI names them by their label, and labels are anybody's. Whose one is stands in its CKA_APPLICATION, its
// mark here: those of this program begin with its name, and go on with that of the operation that made them.
#ifndef SSA_HSM_DATA_H
#define SSA_HSM_DATA_H

#include <stdint.h>

#include "core/secret.h"
#include "hsm/token.h"

#define DATA_LABEL_MAX 256U
#define DATA_MARK_MAX  64U
#define DATA_SAME_MAX  16U // of one label

struct data_marks {
    char list[DATA_SAME_MAX][DATA_MARK_MAX];
    size_t count;
};

// Whose it is. Nobody's has no mark: a tool made it by hand.
enum data_owner { DATA_OURS, DATA_NOBODYS, DATA_ANOTHERS };
enum data_owner data_owner(const char *mark);

// The mark of what an operation makes. Marks of operations whose names sort by time do so, too.
bool data_mark(const char *operation, char mark[static DATA_MARK_MAX]) MUST_CHECK;
// Whether it is an operation's own, so that nothing that comes later has it: not so where there is none, nor
// where it is the bare name that versions before marks wrote.
bool data_mark_is_own(const char *mark);
bool data_marked(const struct data_marks *marks, const char *mark);

// The label that the URI of a data object names, made harmless for messages; empty where it names none.
void data_label(const struct uri *uri, char out[static DATA_LABEL_MAX]);

// Whether the URI can be a data object's: it names one, and is not of another type. Fails with SSA_CONFIG;
// what says whose URI it is ("APS_SECRET_ID").
bool data_check_uri(const struct uri *uri, const char *what, struct ssa_error *err) MUST_CHECK;

// Says whether the token takes a private data object, as far as it tells without a login. Fails with
// SSA_TOKEN.
bool data_check_able(const struct token *token, struct ssa_error *err) MUST_CHECK;

// Appends the value of the data object that the URI names. Of several that all are ours, which an import that
// broke off leaves, it is the oldest's: what was there before is good until the new one has taken its place.
// *is_private: not to be seen without a login. *count: how many there are. Fails with SSA_KEY_MISSING (none),
// SSA_CONFIG (several of several owners) or SSA_TOKEN.
bool data_read(struct token *token, const struct uri *uri, struct secret *value, bool *is_private,
               size_t *count, struct ssa_error *err) MUST_CHECK;

// The marks of all that have the URI's label. Fails with SSA_TOKEN, or SSA_CONFIG (too many).
bool data_look(struct token *token, const struct uri *uri, struct data_marks *marks,
               struct ssa_error *err) MUST_CHECK;

// The mark of the one that the URI names. Fails with SSA_KEY_MISSING (none), SSA_CONFIG (several) or
// SSA_TOKEN.
bool data_look_at_one(struct token *token, const struct uri *uri, char mark[static DATA_MARK_MAX],
                      struct ssa_error *err) MUST_CHECK;

// Whether the one data object of that label is ours, private, and has this value.
bool data_holds(struct token *token, const struct uri *uri, struct span value);

// How many have nothing in them, no label, mark, id or value: where a module is killed as it writes, or
// fails, it may leave one. EMPTY_UNKNOWN where the token holds too many objects to be counted.
bool data_count_empty(struct token *token, size_t *count, struct ssa_error *err) MUST_CHECK;

// Destroys one of those, where it is known that there are more than before: which one does not matter. *left:
// how many there are then.
bool data_destroy_empty(struct token *token, size_t before, bool *destroyed, size_t *left,
                        struct ssa_error *err) MUST_CHECK;

// What became of objects that were to go. Mixed: some are left, since others have come that have the same
// mark, or some have gone, and it cannot be told which are meant. Unknown: the token does not answer.
enum data_end { DATA_GONE, DATA_THERE, DATA_MIXED, DATA_UNKNOWN };

// Stores value under the URI's label and the mark as a private object, reads it back, compares, and finds it
// again; others of that label are there only as before says. On failure it is taken away again, what has
// nothing in it, too, as data_take_back does, and *left says what came of that.
bool data_put(struct token *token, const struct uri *uri, const char *mark, struct span value,
              const struct data_marks *before, size_t empty_before, enum data_end *left,
              struct ssa_error *err) MUST_CHECK;

// What was found of something that was to be stored, and destroyed.
struct data_taken {
    bool whole, half; // with its mark; with nothing in it
    size_t empty;     // how many with nothing in them there are still, where none was whole
};

// Destroys what has the URI's label and the mark; where nothing had, one with nothing in it if there are more
// of these than before. err is filled unless it is gone.
enum data_end data_take_back(struct token *token, const struct uri *uri, const char *mark,
                             size_t empty_before, struct data_taken *taken, struct ssa_error *err) MUST_CHECK;

// Destroys those of the URI's label that have one of these marks; where it is not an operation's own, only if
// there are as many as which has. err is filled unless they are gone.
enum data_end data_destroy(struct token *token, const struct uri *uri, const struct data_marks *which,
                           struct ssa_error *err) MUST_CHECK;

#endif
