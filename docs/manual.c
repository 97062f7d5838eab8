// Prints the manual page or the shell completion, from the program's own tables of commands and options.
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

// A dash that is typed is not the typographer's (groff_char(7)).
static void put(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '-')
            (void)fputs("\\-", stdout);
        else if (*text == '\\')
            (void)fputs("\\e", stdout);
        else
            (void)putchar(*text);
    }
}

static void option(enum option id)
{
    const struct option_row *row = &option_table[id];
    (void)fputs(".TP\n.B ", stdout);
    if (row->letter != 0)
        (void)printf("\\-%c, ", row->letter);
    (void)fputs("\\-\\-", stdout);
    put(row->name);
    if (row->argument != NULL)
        (void)printf(" \\fI%s\\fR", row->argument);
    (void)putchar('\n');
    put(row->help);
    if (row->setting != NULL)
        (void)printf(" (environment: %s)", row->setting);
    (void)putchar('\n');
}

static void manual(void)
{
    (void)puts(
        ".TH SSA-HSM 1 \"\" \"ssa-hsm " SSA_HSM_VERSION "\"\n.SH NAME\n"
        "ssa-hsm \\- keys of Autodesk secure service accounts in PKCS#11 tokens\n.SH SYNOPSIS\n"
        ".B ssa-hsm\n.I command\n[options]\n.SH DESCRIPTION\n"
        "Puts the RSA key of an Autodesk Platform Services secure service account into a PKCS#11 token the\n"
        "moment it is issued, and fetches access tokens by letting the token sign.\n"
        "After the import nobody can read the key.\n.SH COMMANDS");
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        (void)fputs(".SS ", stdout);
        put(c->name);
        (void)putchar(' ');
        put(c->arguments);
        (void)putchar('\n');
        put(c->help);
        (void)putchar('\n');
        for (size_t k = 0; k < c->option_count; k++)
            option(c->options[k]);
    }
    (void)puts(".SH OPTIONS\nThese stand before or after the command.");
    for (enum option id = 0; id < OPT_COMMON_COUNT; id++)
        option(id);
    (void)puts(
        ".SH SEVERAL PROFILES\n.BR token ,\n.B exec\nand\n.B jwt\ntake\n.B \\-\\-profile\n"
        "several times, or names in\n.B SSA_HSM_PROFILE\nwith a colon between them (a path of a file that "
        "exists is "
        "not split).\nWhere the token of one is absent, locked or broken, or lacks the key, the next is "
        "used, and a\n"
        "warning says so. A wrong PIN is no reason, nor is anything but the token.\n"
        ".SH CLIENT SECRET ON A TOKEN\n.B secret import\nprints a line\n.B "
        "APS_SECRET_ID=\"pkcs11:...;type=data\"\n"
        "for the profile. The secret then is read in the login that signs, or, for\ncommands that want the "
        "API "
        "alone, in one of its own.\n"
        "A token of its own is logged in to with the pin\\-source of that URI; without one a person is "
        "asked,\n"
        "and a stored PIN is tried only where the settings name that token, or none.\n"
        ".SH TABLES AND JSON\nTables show times in the local zone.\n"
        ".B \\-\\-json\ngives ISO 8601 in UTC and null for what is not known.\n"
        ".B key list\nmarks with * the key that the settings use. A key that is \"not here\" may well live "
        "on the token\n"
        "of another host. The API takes 10 requests a minute:\n.B key list \\-\\-all\nwaits as long as it "
        "must, which\n"
        ".B \\-\\-timeout\ndoes not count.\n"
        ".SH FILES\n.I $XDG_CONFIG_HOME/ssa\\-hsm/NAME.env\n.RS\nprofiles\n.RE\n"
        ".I $XDG_STATE_HOME/ssa\\-hsm/pin\\-SERIAL\n.RS\na PIN that failed unattended\n.RE\n"
        ".I $XDG_STATE_HOME/ssa\\-hsm/journal\n.RS\nwhat is not over;\n.B key recover\nsettles it\n.RE\n"
        ".I $XDG_STATE_HOME/ssa\\-hsm/history\n.RS\nwhat is, for\n.B history\n.RE\n"
        "These folders and what is in them must belong to the user, and nobody else may write to them.\n"
        ".SH AUDIT TRAIL\n.B SSA_HSM_AUDIT=syslog\nsends a copy of each entry of the history to the system's "
        "log, as "
        "JSON with its own\n"
        "SHA\\-256;\n.BI syslog: SOCKET\nto another one than /dev/log.\n"
        ".SH EXIT STATUS\n0 done, 1 unexpected, 2 usage, 3 configuration, 4 module or token absent, 5 PIN,\n"
        "6 key missing, 7 token operation, 8 network or TLS, 9 credentials refused, 10 refused by the API,\n"
        "11 rate limit, 12 import failed and cleaned up, 13 something failed, and something is left or may "
        "be.\n"
        ".B exec\nends as its command does, or with 125 to 127 as\n.BR env (1)\ndoes.\n"
        ".SH SEE ALSO\n.BR p11\\-kit (8),\n.BR pkcs11.conf (5),\n.BR softhsm2\\-util (1)");
}

static void completion(void)
{
    (void)puts("# bash completion of ssa-hsm\n_ssa_hsm()\n{\n    local word=${COMP_WORDS[COMP_CWORD]} words");
    (void)fputs("    case \"$word\" in\n    -*) words='", stdout);
    for (enum option id = 0; id < OPTION_COUNT; id++)
        (void)printf("%s--%s", id == 0 ? "" : " ", option_table[id].name);
    (void)puts("' ;;\n    *)\n        case \"${COMP_WORDS[1]-}\" in");
    static const char *const nouns[] = {"account", "key", "secret", "hsm"};
    for (size_t n = 0; n < sizeof nouns / sizeof nouns[0]; n++) {
        (void)printf("        %s) words='", nouns[n]);
        for (size_t i = 0; i < command_count; i++) {
            const size_t len = strlen(nouns[n]);
            if (strncmp(command_table[i].name, nouns[n], len) == 0 && command_table[i].name[len] == ' ')
                (void)printf("%s ", command_table[i].name + len + 1);
        }
        (void)puts("' ;;");
    }
    (void)puts("        *) words='account key secret hsm token jwt exec history' ;;\n        esac\n"
               "        [ \"$COMP_CWORD\" -gt 1 ] || words='account key secret hsm token jwt exec history'\n "
               "       ;;\n    esac\n"
               "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
               "complete -o default -F _ssa_hsm ssa-hsm");
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "bash") == 0)
        completion();
    else
        manual();
    return fflush(stdout) == 0 ? 0 : 1;
}
