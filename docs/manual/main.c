// Writes the manual pages into the folder that is named. They are made from the definitions of the commands, as the
// parser and the help are.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "roff.h"

static const char *root;

static void give_up(const char *path)
{
    (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
}

static void make_folder(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        give_up(path);
}

static FILE *begin(int section, const char *name)
{
    char path[1024];
    const int len = snprintf(path, sizeof path, "%s/man%d", root, section);
    if (len < 0 || (size_t)len + strlen(name) + 8 > sizeof path) {
        errno = ENAMETOOLONG;
        give_up(root);
    }
    make_folder(path);
    (void)snprintf(path + len, sizeof path - (size_t)len, "/%s.%d", name, section);
    FILE *out = fopen(path, "w");
    if (out == NULL)
        give_up(path);
    return out;
}

static void end(FILE *out)
{
    if (fclose(out) != 0)
        give_up(root);
}

static void write_command(const struct command *c)
{
    char name[ROFF_NAME];
    roff_page_name(c, name);
    FILE *out = begin(1, name);
    page_command(out, c);
    end(out);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fputs("usage: ssa-hsm-manual FOLDER\n", stderr);
        return 2;
    }
    root = argv[1];
    make_folder(root);
    for (command_list c = commands; *c != NULL; c++)
        if (!(*c)->hidden)
            write_command(*c);
    FILE *out = begin(1, "ssa-hsm");
    page_program(out);
    end(out);
    out = begin(5, "ssa-hsm-profile");
    page_profile(out);
    end(out);
    return 0;
}
