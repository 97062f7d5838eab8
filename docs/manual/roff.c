#include "roff.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

// Without the backslash, a dash would be printed as a hyphen, which cannot be copied into a shell (groff_char(7)).
static void put(FILE *out, char c)
{
    if (c == '-')
        (void)fputs("\\-", out);
    else if (c == '\\')
        (void)fputs("\\e", out);
    else if (c == '\'')
        (void)fputs("\\(aq", out);
    else if (c == '"')
        (void)fputs("\\(dq", out);
    else if (c == '^')
        (void)fputs("\\(ha", out);
    else if (c == '~')
        (void)fputs("\\(ti", out);
    else
        (void)fputc(c, out);
}

void roff_text(FILE *out, const char *text)
{
    bool bold = false;
    if (text[0] == '.')
        (void)fputs("\\&", out);
    for (; *text != '\0'; text++) {
        if (*text == '`') {
            bold = !bold;
            (void)fputs(bold ? "\\fB" : "\\fR", out);
        } else if ((text[0] == '.' || text[0] == ';') && text[1] == ' ' &&
                   (isupper((unsigned char)text[2]) != 0 || text[2] == '`')) {
            (void)fprintf(out, "%c\n", *text++);
        } else {
            put(out, *text);
        }
    }
    (void)fputc('\n', out);
}

static void put_all(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        put(out, *text);
}

void roff_head(FILE *out, const char *name, int section, const char *help)
{
    (void)fputs(".TH \"", out);
    for (const char *at = name; *at != '\0'; at++)
        put(out, (char)toupper((unsigned char)*at));
    (void)fprintf(out, "\" %d " SSA_HSM_DATE " \"ssa-hsm " SSA_HSM_VERSION "\"\n.SH NAME\n", section);
    put_all(out, name);
    (void)fputs(" \\- ", out);
    roff_text(out, help);
}

void roff_entry(FILE *out, const char *term, const char *text)
{
    (void)fputs(".TP\n.B ", out);
    put_all(out, term);
    (void)fputc('\n', out);
    roff_text(out, text);
}

void roff_option(FILE *out, const struct option *option)
{
    char text[OPTION_TEXT];
    (void)fputs(".TP\n.B ", out);
    if (option->letter != 0)
        (void)fprintf(out, "\\-%c, ", option->letter);
    (void)fputs("\\-\\-", out);
    put_all(out, option->name);
    if (option->argument != NULL)
        (void)fprintf(out, " \\fI%s\\fR", option->argument);
    (void)fputc('\n', out);
    option_text(option, text);
    roff_text(out, text);
    if (option->setting != NULL)
        (void)fprintf(out, "(environment: %s)\n", option->setting);
}

void roff_facts(FILE *out, const char *heading, const struct fact *facts, const struct command *command)
{
    bool first = true;
    for (; facts->name != NULL; facts++) {
        if (command != NULL && !fact_concerns(facts, command))
            continue;
        if (first)
            (void)fprintf(out, ".SH %s\n", heading);
        first = false;
        roff_entry(out, facts->name, facts->text);
    }
}

void roff_page_name(const struct command *command, char name[static ROFF_NAME])
{
    const int len = snprintf(name, ROFF_NAME, "ssa-hsm-%s", command->name);
    if (len < 0 || (size_t)len >= ROFF_NAME)
        abort();
    for (char *at = name; *at != '\0'; at++)
        if (*at == ' ')
            *at = '-';
}

void roff_reference(FILE *out, const struct command *command)
{
    char name[ROFF_NAME];
    roff_page_name(command, name);
    (void)fputs(".BR ", out);
    put_all(out, name);
    (void)fputs(" (1)", out);
}
