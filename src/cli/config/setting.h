// How a setting is shown: by `config show` and `profile show`, and to a person who wants details.
#pragma once

#include "cli/command/command.h"
#include "cli/output/document.h"

#define ORIGIN_TEXT_MAX 1024U

// The value, "set" where it is hidden, or "-" where there is none.
const char *setting_value_text(const struct ssa_setting *setting);

// "option --module", "environment variable SSA_HSM_MODULE", "profile PATH line 3", "default"; "not set".
void origin_text(const struct ssa_setting *setting, const struct ssa_origin *origin, char out[static ORIGIN_TEXT_MAX]);

// Writes the members of an object.
void setting_members(struct document *document, const struct ssa_setting *setting);

// Shows each setting as ssa_settings_each does, with the command line's options that are no settings of the library:
// those that may be repeated.
void settings_each_given(const struct invocation *invocation,
                         void (*show)(void *context, const struct ssa_setting *setting), void *context);

// Warns of names that look like settings and are none.
void settings_warn_unknown(const struct ssa_settings *settings);

// Tells on standard error the settings that the command uses, and where each comes from.
void settings_tell(const struct invocation *invocation);
