#include "cli/command/synonyms.h"

#include "core/text.h"

struct synonym {
    const char *typed, *meant;
};

// gh, aws, az, gcloud, vault, step and ssh say it so.
static const struct synonym pairs[] = {
    {"auth login", "setup"},        {"auth status", "doctor"},      {"auth token", "token"},
    {"get token", "token"},         {"generate token", "token"},    {"create token", "token"},
    {"agent start", "agent"},       {"agent run", "agent"},         {"agent kill", "agent stop"},
    {"agent end", "agent stop"},    {"agent quit", "agent stop"},   {"agent list", "agent status"},
    {"agent show", "agent status"}, {"agent info", "agent status"},
};

static const struct synonym commands[] = {
    {"login", "setup"},
    {"auth", "setup"},
    {"init", "setup"},
    {"configure", "setup"},
    {"status", "doctor"},
    {"check", "doctor"},
    {"whoami", "config show"},
    {"env", "config show"},
    {"settings", "config show"},
    {"keys", "key list"},
    {"accounts", "account list"},
    {"profiles", "profile list"},
    {"tokens", "hsm list"},
    {"run", "exec"},
    {"import", "key import"},
    {"rotate", "key rotate"},
    {"recover", "key recover"},
    {"verify", "key verify"},
    {"provision", "account provision"},
    {"audit", "history"},
    {"log", "history"},
    {"logs", "history"},
};

static const struct synonym options[] = {
    {"output", "format"},  {"o", "format"},          {"json", "format"},           {"raw", "format"},
    {"url", "base-url"},   {"endpoint", "base-url"}, {"endpoint-url", "base-url"}, {"ca", "cacert"},
    {"no-cache", "fresh"}, {"refresh", "fresh"},     {"force-refresh", "fresh"},   {"force", "fresh"},
    {"library", "module"}, {"lib", "module"},        {"pkcs11", "module"},         {"pkcs11-module", "module"},
};

#define SECRET_HINT                                                                                                    \
    "It is never an argument, which other users could see: it is asked for, or read from where APS_SECRET_ID says."

static const struct synonym secrets[] = {
    {"pin",
     "A PIN is never an argument, which other users could see: it is asked for, or --pin-source says where it is."},
    {"client-secret", SECRET_HINT},
    {"secret", SECRET_HINT},
};

static const char *find(const struct synonym *list, size_t count, const char *typed)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].typed, typed) == 0)
            return list[i].meant;
    return NULL;
}

const char *synonym_pair(const char *first, const char *second)
{
    char both[64];
    return text_format(both, sizeof both, "%s %s", first, second) ? find(pairs, COUNT(pairs), both) : NULL;
}

const char *synonym_command(const char *typed)
{
    return find(commands, COUNT(commands), typed);
}

const char *synonym_option(const char *typed)
{
    return find(options, COUNT(options), typed);
}

const char *synonym_secret(const char *typed)
{
    return find(secrets, COUNT(secrets), typed);
}
