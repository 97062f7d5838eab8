// ssa-hsm(1), the page that the others belong to.
#include <string.h>

#include "cli/command/common.h"
#include "cli/commands.h"
#include "roff.h"

static const char description[] =
    ".SH SYNOPSIS\n"
    ".B ssa\\-hsm\n.I command\n[\\fIoptions\\fR]\n"
    ".SH DESCRIPTION\n"
    "Puts the RSA key of an Autodesk Platform Services (APS) secure service account into a PKCS#11 token as\n"
    "soon as the key is issued, and gets access tokens by letting the PKCS#11 token sign.\n"
    "After the import, nobody can read the key.\n"
    ".PP\n"
    "Options may stand before, between and behind the words of a command.\n"
    ".B \\-\\-\nends them.\n"
    "A command refuses an option that it does not use.\n"
    "Results go to standard output, everything else to standard error.\n";

static const char topics[] =
    ".SH SEVERAL PROFILES\n"
    ".BR token ,\n.B exec\nand\n.B jwt\naccept\n.B \\-\\-profile\nseveral times, or several names in\n"
    ".B SSA_HSM_PROFILE\nwith a colon between them.\n(The path of a file that exists is not split.)\n"
    "If the PKCS#11 token of one profile is absent, locked or broken, or does not have the key, the next\n"
    "profile is used, with a warning.\nAfter a wrong PIN, or after any other failure, the next profile is not\n"
    "used.\n"
    ".SH CLIENT SECRET ON A PKCS#11 TOKEN\n"
    ".B secret import\nprints a line\n.B APS_SECRET_ID=\\(dqpkcs11:...;type=data\\(dq\nfor the profile.\n"
    "The client secret is then read from the PKCS#11 token in the same login that signs.\nCommands that need\n"
    "only the API log in for it.\n"
    "If the client secret is on another PKCS#11 token than the key, the login there uses the pin\\-source of\n"
    "the client secret's URI.\nIf the URI has none, a person is asked.\nA stored PIN is tried only if the\n"
    "settings name that PKCS#11 token, or none.\n"
    ".SH TABLES AND JSON\n"
    "Tables show times in the local time zone.\n.B \\-\\-json\nprints ISO 8601 in UTC, and null for what is\n"
    "not known.\n"
    "The API accepts 10 requests a minute.\n.B key list \\-\\-all\n"
    "waits as long as it must, and\n.B \\-\\-timeout\ndoes not count that.\n"
    ".SH AUDIT TRAIL\n"
    ".B SSA_HSM_AUDIT=syslog\nsends a copy of each entry of the history to the system's log, as JSON with\n"
    "the entry's SHA\\-256.\n.BI syslog: SOCKET\nsends it to another socket than /dev/log.\n";

static void put_group(FILE *out, const char *group)
{
    (void)fprintf(out, ".SS %s\n", group);
    for (command_list c = commands; *c != NULL; c++)
        if (!(*c)->hidden && strcmp((*c)->group, group) == 0) {
            (void)fputs(".TP\n", out);
            roff_reference(out, *c);
            (void)fputc('\n', out);
            roff_text(out, (*c)->help);
        }
}

// The first example of each command that a beginner needs.
static void put_examples(FILE *out)
{
    static const char *const shown[] = {"account create", "key import", "token", "exec", "key rotate"};
    (void)fputs(".SH EXAMPLES\n", out);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        for (command_list c = commands; *c != NULL; c++)
            if (strcmp((*c)->name, shown[i]) == 0) {
                (void)fputs(".TP\n.B ssa\\-hsm ", out);
                roff_text(out, (*c)->examples[0].line);
                roff_text(out, (*c)->examples[0].help);
            }
}

void page_program(FILE *out)
{
    roff_head(out, "ssa-hsm", 1, "keys of Autodesk secure service accounts in PKCS#11 tokens");
    (void)fputs(description, out);
    (void)fputs(".SH COMMANDS\n", out);
    for (const char *const *group = help_groups; *group != NULL; group++)
        put_group(out, *group);
    (void)fputs(".SH OPTIONS\nThe page of a command says which of these it uses, and its own.\n", out);
    for (option_list o = common_options; *o != NULL; o++)
        roff_option(out, *o);
    (void)fputs(topics, out);
    roff_facts(out, "ENVIRONMENT", help_variables, NULL);
    roff_facts(out, "FILES", help_files, NULL);
    (void)fputs("These folders and the files in them must belong to the user, and nobody else may write to them.\n",
                out);
    roff_facts(out, "EXIT STATUS", help_exit_codes, NULL);
    (void)fputs(".PP\n.B exec\nends as its program does, or with 125 to 127 as\n.BR env (1)\ndoes.\n"
                "After a signal, the program finishes or undoes what it is doing, and then ends by that signal.\n",
                out);
    put_examples(out);
    (void)fputs(".SH SEE ALSO\n.BR ssa\\-hsm\\-profile (5),\n.BR p11\\-kit (8),\n.BR pkcs11.conf (5),\n"
                ".BR softhsm2\\-util (1)\n",
                out);
}
