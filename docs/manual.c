// Prints the manual page or the bash completion. Both are made from the definitions of the commands.
#include <stdio.h>
#include <string.h>

#include "cli/command/common.h"
#include "cli/commands.h"
#include "cli/help.h"

// Without the backslash, a dash would be printed as a hyphen, which cannot be copied into a shell (groff_char(7)).
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

static void put_line(const char *before, const char *text)
{
    (void)fputs(before, stdout);
    put(text);
    (void)putchar('\n');
}

static void put_options(option_list options)
{
    for (; options != NULL && *options != NULL; options++) {
        const struct option *o = *options;
        (void)fputs(".TP\n.B ", stdout);
        if (o->letter != 0)
            (void)printf("\\-%c, ", o->letter);
        (void)fputs("\\-\\-", stdout);
        put(o->name);
        if (o->argument != NULL)
            (void)printf(" \\fI%s\\fR", o->argument);
        put_line("\n", o->help);
        if (o->setting != NULL)
            (void)printf("(environment: %s)\n", o->setting);
    }
}

static void put_command(const struct command *c)
{
    (void)fputs(".SS ", stdout);
    put(c->name);
    put_line(" ", c->arguments != NULL ? c->arguments : "");
    put_line("", c->help);
    if (c->example != NULL)
        put_line(".br\nExample: ssa\\-hsm ", c->example);
    put_options(c->options);
}

static const char before_commands[] =
    ".TH SSA-HSM 1 \"\" \"ssa-hsm " SSA_HSM_VERSION "\"\n"
    ".SH NAME\n"
    "ssa-hsm \\- keys of Autodesk secure service accounts in PKCS#11 tokens\n"
    ".SH SYNOPSIS\n"
    ".B ssa-hsm\n.I command\n[options]\n"
    ".SH DESCRIPTION\n"
    "Puts the RSA key of an Autodesk Platform Services (APS) secure service account into a PKCS#11 token as\n"
    "soon as the key is issued, and gets access tokens by letting the PKCS#11 token sign.\n"
    "After the import, nobody can read the key.\n"
    ".SH COMMANDS\n";

static const char after_options[] =
    ".SH SEVERAL PROFILES\n"
    ".BR token ,\n.B exec\nand\n.B jwt\naccept\n.B \\-\\-profile\nseveral times, or several names in\n"
    ".B SSA_HSM_PROFILE\nwith a colon between them. (The path of a file that exists is not split.)\n"
    "If the PKCS#11 token of one profile is absent, locked or broken, or does not have the key, the next\n"
    "profile is used, with a warning. After a wrong PIN, or after any other failure, the next profile is not\n"
    "used.\n"
    ".SH CLIENT SECRET ON A PKCS#11 TOKEN\n"
    ".B secret import\nprints a line\n.B APS_SECRET_ID=\"pkcs11:...;type=data\"\nfor the profile.\n"
    "The client secret is then read from the PKCS#11 token in the same login that signs. Commands that need\n"
    "only the API log in for it.\n"
    "If the client secret is on another PKCS#11 token than the key, the login there uses the pin\\-source of\n"
    "the client secret's URI. If the URI has none, a person is asked. A stored PIN is tried only if the\n"
    "settings name that PKCS#11 token, or none.\n"
    ".SH TABLES AND JSON\n"
    "Tables show times in the local time zone.\n.B \\-\\-json\nprints ISO 8601 in UTC, and null for what is "
    "not known.\n"
    ".br\n.B key list\nmarks the key that the settings use with *. A key that is \"not here\" may be on the "
    "PKCS#11\n"
    "token of another machine. The API accepts 10 requests a minute.\n.B key list \\-\\-all\n"
    "waits as long as it must, and\n.B \\-\\-timeout\ndoes not count that.\n"
    ".SH FILES\n"
    ".I $XDG_CONFIG_HOME/ssa\\-hsm/NAME.env\n.RS\nprofiles\n.RE\n"
    ".I $XDG_STATE_HOME/ssa\\-hsm/pin\\-SERIAL\n.RS\na record that a stored PIN was wrong\n.RE\n"
    ".I $XDG_STATE_HOME/ssa\\-hsm/journal\n.RS\noperations that are not finished, for\n.B key recover\n.RE\n"
    ".I $XDG_STATE_HOME/ssa\\-hsm/history\n.RS\noperations that are finished, for\n.B history\n.RE\n"
    "These folders and the files in them must belong to the user, and nobody else may write to them.\n"
    ".SH AUDIT TRAIL\n"
    ".B SSA_HSM_AUDIT=syslog\nsends a copy of each entry of the history to the system's log, as JSON with "
    "the\n"
    "entry's SHA\\-256.\n.BI syslog: SOCKET\nsends it to another socket than /dev/log.\n"
    ".SH EXIT STATUS\n";

static void manual(void)
{
    (void)fputs(before_commands, stdout);
    for (command_list c = commands; *c != NULL; c++)
        put_command(*c);
    (void)fputs(".SH OPTIONS\nEvery command accepts these, before or after its name.\n", stdout);
    put_options(common_options);
    (void)fputs(after_options, stdout);
    (void)fputs(help_exit_codes, stdout);
    (void)fputs(".B exec\nends as its command does, or with 125 to 127 as\n.BR env (1)\ndoes.\n"
                ".SH SEE ALSO\n.BR p11\\-kit (8),\n.BR pkcs11.conf (5),\n.BR softhsm2\\-util (1)\n",
                stdout);
}

static void list_options(option_list options)
{
    for (; options != NULL && *options != NULL; options++)
        (void)printf(" --%s", (*options)->name);
}

// Whether an earlier command begins with the same word.
static bool is_repeated(command_list c, size_t len)
{
    for (command_list before = commands; before < c; before++)
        if (strncmp((*before)->name, (*c)->name, len) == 0 && (*before)->name[len] == ' ')
            return true;
    return false;
}

static void list_first_words(void)
{
    for (command_list c = commands; *c != NULL; c++) {
        const size_t len = strcspn((*c)->name, " ");
        if (!is_repeated(c, len))
            (void)printf(" %.*s", (int)len, (*c)->name);
    }
}

static void list_second_words(const char *first, size_t len)
{
    for (command_list c = commands; *c != NULL; c++)
        if (strncmp((*c)->name, first, len) == 0 && (*c)->name[len] == ' ')
            (void)printf(" %s", (*c)->name + len + 1);
}

static void completion(void)
{
    (void)fputs("# bash completion of ssa-hsm\n"
                "_ssa_hsm()\n{\n"
                "    local word=${COMP_WORDS[COMP_CWORD]} words=''\n"
                "    case \"$word\" in\n"
                "    -*)\n"
                "        case \"${COMP_WORDS[1]-} ${COMP_WORDS[2]-}\" in\n",
                stdout);
    for (command_list c = commands; *c != NULL; c++) {
        const bool is_one_word = strchr((*c)->name, ' ') == NULL;
        (void)printf("        '%s%s words='", (*c)->name, is_one_word ? " '*)" : "')");
        list_options((*c)->options);
        (void)puts("' ;;");
    }
    (void)fputs("        esac\n"
                "        words+='",
                stdout);
    list_options(common_options);
    (void)fputs("'\n        ;;\n"
                "    *)\n"
                "        case \"$COMP_CWORD ${COMP_WORDS[1]-}\" in\n"
                "        1*) words='",
                stdout);
    list_first_words();
    (void)puts("' ;;");
    for (command_list c = commands; *c != NULL; c++) {
        const size_t len = strcspn((*c)->name, " ");
        if ((*c)->name[len] == '\0' || is_repeated(c, len))
            continue;
        (void)printf("        '2 %.*s') words='", (int)len, (*c)->name);
        list_second_words((*c)->name, len);
        (void)puts("' ;;");
    }
    (void)fputs("        esac\n        ;;\n"
                "    esac\n"
                "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                "}\n"
                "complete -o default -F _ssa_hsm ssa-hsm\n",
                stdout);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "bash") == 0)
        completion();
    else
        manual();
    return fflush(stdout) == 0 ? 0 : 1;
}
