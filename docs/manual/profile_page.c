// ssa-hsm-profile(5)
#include <ctype.h>
#include <string.h>

#include "cli/command/common.h"
#include "cli/help/facts.h"
#include "roff.h"

static const char description[] =
    ".SH DESCRIPTION\n"
    "A profile is a file of settings for\n.BR ssa\\-hsm (1):\n"
    "the client id, an account, its key in a PKCS#11 token, and where the PIN and the client secret are.\n"
    "The commands\n.BR \"account create\" ,\n.B key create\nand\n.B key import\nwrite one.\n"
    ".PP\n"
    "The profile\n.I NAME\nis the file\n.IR NAME .env\nin the configuration folder; a name with a slash is itself a "
    "path.\n"
    ".B \\-\\-profile\nnames the one to use, else\n.BR SSA_HSM_PROFILE ,\nelse\n.B default\nis used if it exists.\n"
    "The file has the mode 0600.\n"
    "It must belong to the user or to root, and nobody else may write to it.\n"
    ".PP\n"
    "An option beats the environment, the environment beats the profile, and the profile beats the default.\n"
    "A profile that\n.B \\-\\-profile\nnames beats the environment.\n"
    ".SH FORMAT\n"
    "It is a dotenv file, which shells and other programs read, too:\n"
    ".IR NAME =\\(dq VALUE \\(dq\n"
    "on a line of its own, with or without quotes, and\n.B export\nbefore it if wanted.\n"
    "A line that begins with # is a comment.\n"
    "Nothing is expanded: a $ is a $.\n"
    "Names of other programs are ignored, and stay when the profile is written again.\n"
    ".SH SETTINGS\n";

static const char references[] = ".SH REFERENCES TO SECRETS\n"
                                 "A PIN, a management key or a client secret need not stand in a profile.\n"
                                 "A reference says where it is:\n";

static const struct fact kinds[] = {
    {"file:PATH", "the content of a file, or what a FIFO gives within 30 seconds", 0},
    {"env:NAME", "the variable of that name, which no other program gets", 0},
    {"fd:N", "what an open descriptor gives", 0},
    {"credential:NAME", "a credential of systemd (systemd-creds(1))", 0},
    {"pinentry, pinentry:PROGRAM", "a dialog; for PINs only", 0},
    {"pkcs11:...;type=data",
     "an object on a PKCS#11 token, made by `ssa-hsm secret import`; for the client secret only", 0},
    {NULL, NULL, 0},
};

static const char examples[] =
    ".SH EXAMPLES\n"
    ".EX\n"
    "APS_CLIENT_ID=\\(dqmy\\-client\\-id\\(dq\n"
    "APS_SECRET_ID=\\(dqfile:/etc/ssa\\-hsm/client\\-secret\\(dq\n"
    "SERVICE_ACCOUNT_ID=\\(dqABCD1234\\(dq\n"
    "KEY_ID=\\(dq1234abcd\\(dq\n"
    "SSA_EMAIL=\\(dqservice\\-mycompany@example.com\\(dq\n"
    "PRIVATE_KEY=\\(dqpkcs11:token=work;serial=0815;id=%12;type=private\\(dq\n"
    "SSA_HSM_PIN_SOURCE=\\(dqfile:/etc/ssa\\-hsm/pin\\(dq\n"
    ".EE\n"
    ".SH SEE ALSO\n.BR ssa\\-hsm (1),\n.BR ssa\\-hsm\\-account\\-create (1),\n.BR ssa\\-hsm\\-key\\-import (1)\n";

// The name of the profile, and curl's variables, are read from the environment alone.
static bool is_in_profiles(const struct fact *variable)
{
    return strcmp(variable->name, option_profile.setting) != 0 && isupper((unsigned char)variable->name[0]) != 0;
}

void page_profile(FILE *out)
{
    roff_head(out, "ssa-hsm-profile", 5, "settings of ssa-hsm");
    (void)fputs(description, out);
    for (const struct fact *v = help_variables; v->name != NULL; v++)
        if (is_in_profiles(v))
            roff_entry(out, v->name, v->text);
    (void)fputs(references, out);
    for (const struct fact *kind = kinds; kind->name != NULL; kind++)
        roff_entry(out, kind->name, kind->text);
    (void)fputs(".PP\nOne line break at the end is dropped.\n.SH FILES\n", out);
    roff_entry(out, "$XDG_CONFIG_HOME/ssa-hsm/NAME.env", "profiles; without that variable, in ~/.config/ssa-hsm");
    (void)fputs(examples, out);
}
