/* One line for each call. What may be secret is never formatted here: PINs, data, and the values of
 * attributes, of which only CKA_CLASS is shown. */
#include "call.h"
#include "names.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct line {
    char at[4096];
    size_t used;
};

/* What does not fit is left out; the last byte is kept for the line's end. */
__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
    size_t room = sizeof(line->at) - 1 - line->used;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line->at + line->used, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        line->used += (size_t)length < room ? (size_t)length : room - 1;
}

static void add_name(struct line *line, const char *before, enum name_kind kind, CK_ULONG number)
{
    char name[NAME_SIZE];
    name_format(kind, number, name);
    add(line, "%s%s", before, name);
}

static void add_template(struct line *line, const struct call *call)
{
    if (call->attributes == NULL)
        return;
    for (CK_ULONG i = 0; i < call->attribute_count; i++) {
        add_name(line, i == 0 ? " template=" : ",", NAME_CKA, call->attributes[i].type);
        if (call->attributes[i].ulValueLen == CK_UNAVAILABLE_INFORMATION)
            add(line, "[-]");
        else
            add(line, "[%lu]", call->attributes[i].ulValueLen);
    }
}

static void add_arguments(struct line *line, const struct call *call)
{
    const CK_ATTRIBUTE *class = call->object == NULL ? call_attribute(call, CKA_CLASS) : NULL;
    if (call->slot != NULL)
        add(line, " slot=%lu", *call->slot);
    if (call->session != NULL)
        add(line, " session=%lu", *call->session);
    if (call->user != NULL)
        add_name(line, " user=", NAME_CKU, *call->user);
    if (call->mechanism != NULL)
        add_name(line, " mech=", NAME_CKM, call->mechanism->mechanism);
    if (call->mechanism_type != NULL)
        add_name(line, " mech=", NAME_CKM, *call->mechanism_type);
    if (call->object != NULL)
        add(line, " object=%lu", *call->object);
    if (call->object_class.given) {
        add_name(line, " class=", NAME_CKO, call->object_class.number);
    } else if (class != NULL && class->pValue != NULL && class->ulValueLen == sizeof(CK_OBJECT_CLASS)) {
        CK_OBJECT_CLASS number = 0;
        memcpy(&number, class->pValue, sizeof(number));
        add_name(line, " class=", NAME_CKO, number);
    }
    add_template(line, call);
    if (call->in != NULL)
        add(line, " in=%lu", *call->in);
    if (call->out != NULL && call->rv == CKR_OK)
        add(line, " out=%lu", *call->out);
}

/* Opened anew for each line: a program may close descriptors that it did not open, and use their numbers
 * again. One write, so that lines of several processes do not mix. What cannot be logged is no reason to fail
 * a call. */
static void append(const char *path, const struct line *line)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line->at, line->used) < 0)
        perror("ssa-hsm-shim: SSA_SHIM_LOG");
    if (fd >= 0)
        close(fd);
}

void log_call(const struct call *call, const char *instead)
{
    const char *path = getenv("SSA_SHIM_LOG");
    if (path == NULL || path[0] == '\0')
        return;
    struct line line = {.used = 0};
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long us = (now.tv_sec - call->start.tv_sec) * 1000000L + (now.tv_nsec - call->start.tv_nsec) / 1000;
    add(&line, "%lld.%06ld pid=%ld tid=%ld %s", (long long)call->start.tv_sec, call->start.tv_nsec / 1000,
        (long)getpid(), (long)gettid(), call_names[call->id]);
    add_arguments(&line, call);
    for (size_t i = 0; i < call->line_count; i++)
        add(&line, "%s%u", i == 0 ? " rule=" : ",", call->lines[i]);
    if (instead != NULL)
        add(&line, " -> %s", instead);
    else
        add_name(&line, " -> ", NAME_CKR, call->rv);
    add(&line, " %ldus", us);
    line.at[line.used++] = '\n';
    append(path, &line);
}
