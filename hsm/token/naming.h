// Telling the tokens of a module apart. For hsm alone.
#pragma once

#include "hsm/module/look.h"
#include "hsm/token/info.h"

// Turns one of the tokens into what we keep. The URIs that name it are found out to name it alone among all
// that the module shows; where nothing tells it apart, info->apart.by is 0.
void seen_describe(const struct module_seen *seen, size_t at, struct token_info *info);

// How a URI matches one of the tokens: not at all; by its serial number, while label or model differ; or by
// all that it says.
enum token_match { MATCH_NONE, MATCH_BY_SERIAL, MATCH_EXACT };
enum token_match seen_match(const struct module_seen *seen, size_t at, const struct uri *uri);
