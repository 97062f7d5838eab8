// The description of a token and its module, for the record. Nothing is decided by it.
#pragma once

#include "core/fingerprint.h"
#include "hsm/module/registry.h"

struct token;

#define VERSION_TEXT_MAX 8U

struct token_about {
    char hardware[VERSION_TEXT_MAX], firmware[VERSION_TEXT_MAX]; // "5.4"; empty where it is not told
    // The module: the file that was loaded, its name in p11-kit's configuration, and what C_GetInfo tells.
    char path[MODULE_PATH_MAX], name[MODULE_NAME_MAX], description[33], manufacturer[33];
    char version[VERSION_TEXT_MAX], cryptoki[VERSION_TEXT_MAX];
    char sha256[FINGERPRINT_TEXT]; // of the module's file, in hex; empty where it cannot be read
};
void token_about(const struct token *token, struct token_about *about);
