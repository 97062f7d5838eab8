// Writing JSON, and indenting it as Python's json.dumps(indent=2, ensure_ascii=False) does.
#include "core/unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/json.h"

static const char *const samples[] = {
    "{\"access_token\":\"eyJ\",\"token_type\":\"Bearer\",\"expires_in\":3599}",
    "[1,2,[3,{\"a\":null,\"b\":[true,false]}]]",
    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u00e4\":\"\\u4e16\\ud83d\\udd11\"}",
    "{ \"raw\" : \"\xc3\xa4\xe4\xb8\x96\xf0\x9f\x94\x91\" , \"\\n\":1}",
    "\"x\"",
    "12",
    "-1",
    "1.5",
    "123456789012345678901234567890",
    "null",
    "\"\"",
    "\"\\u007f\\u00a0\\u2028\"",
};

static const char *const with_empty_containers[] = {"{}", "[]", "{\"a\":{},\"b\":[],\"c\":[{},[]]}"};

// What Python prints for each of these texts, one behind the other.
static void python(const char *const *texts, size_t count, char *out, size_t capacity)
{
    static const char program[] = "import json, sys\n"
                                  "for line in open(sys.argv[1], encoding='utf-8'):\n"
                                  "    text = json.dumps(json.loads(line), indent=2, ensure_ascii=False)\n"
                                  "    sys.stdout.buffer.write((text + '\\n').encode())\n";
    char lines[4096] = "", command[1024];
    for (size_t i = 0; i < count; i++)
        (void)strcat(strcat(lines, texts[i]), "\n");
    (void)snprintf(command, sizeof command, "python3 %s %s", unit_write("dumps.py", program, 0600),
                   unit_write("in.json", lines, 0600));
    FILE *pipe = popen(command, "re"); // NOLINT(cert-env33-c)
    assert_non_null(pipe);
    const size_t got = fread(out, 1, capacity - 1, pipe);
    out[got] = '\0';
    assert_int_equal(pclose(pipe), 0);
}

static void same_as_python(const char *const *texts, size_t count)
{
    static char expected[16384];
    struct ssa_error err;
    SECRET_AUTO out = {0};
    python(texts, count, expected, sizeof expected);
    SUCCEEDS(secret_new(&out, sizeof expected, &err));
    for (size_t i = 0; i < count; i++)
        SUCCEEDS(json_indent(span_text(texts[i]), &out, &err));
    assert_string_equal(secret_text(&out), expected);
}

static void indented_as_python_prints_it(void **state)
{
    (void)state;
    same_as_python(samples, sizeof samples / sizeof samples[0]);
}

// The digits' case is the generator's own.
static void control_characters_are_escaped(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, 100, &err));
    SUCCEEDS(json_indent(span_text("\"\\u0000\\u0001\\u001b\\u001f\\u000b\""), &out, &err));
    assert_int_equal(strcasecmp(secret_text(&out), "\"\\u0000\\u0001\\u001b\\u001f\\u000b\"\n"), 0);
}

static void empty_containers_take_one_line(void **state)
{
    (void)state;
    same_as_python(with_empty_containers, sizeof with_empty_containers / sizeof with_empty_containers[0]);
}

static void what_is_no_json_is_not_indented(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "{}x", "[1,]", "\"\xff\"", "{\"a\":1"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ssa_error err;
        SECRET_AUTO out = {0};
        SUCCEEDS(secret_new(&out, 1000, &err));
        FAILS(json_indent(span_text(texts[i]), &out, &err), SSA_UNEXPECTED, "not valid JSON");
    }
}

static void what_does_not_fit_is_an_error(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < 16; capacity++) {
        struct ssa_error err;
        SECRET_AUTO out = {0};
        SUCCEEDS(secret_new(&out, capacity, &err));
        FAILS(json_indent(span_text("{\"a\":[1,2]}"), &out, &err), SSA_UNEXPECTED, "does not fit");
    }
}

static bool deep_is_refused(void *context)
{
    const unsigned *depth = context;
    char *text = malloc(*depth + 4);
    struct ssa_error err = {0};
    struct secret out;
    if (text == NULL || !secret_new(&out, 1 << 20, &err))
        return false;
    memset(text, '[', *depth);
    memcpy(text + *depth, "\"a\"", 4);
    const bool ok = !json_indent(span_of(text, *depth + 3), &out, &err) && err.code == SSA_UNEXPECTED;
    free(text);
    secret_free(&out);
    return ok;
}

// In a child: the generator has room for 128 levels and does not look.
static void deep_nesting_is_refused_when_indenting(void **state)
{
    (void)state;
    static const unsigned depths[] = {17, 127, 128, 129, 200, 1000, 20000};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        unsigned depth = depths[i];
        unit_in_child(deep_is_refused, &depth);
    }
    // And told as what it is.
    char text[64];
    struct ssa_error err;
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, 4096, &err));
    memset(text, '[', 20);
    memset(text + 20, ']', 20);
    FAILS(json_indent(span_of(text, 40), &out, &err), SSA_UNEXPECTED, "nested deeper than 16");
}

static void every_kind_of_value_can_be_written(void **state)
{
    (void)state;
    struct ssa_error err;
    struct json_writer w;
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, 1000, &err));
    assert_true(json_begin(&w, &out, false));
    json_open(&w, JSON_OBJECT);
    json_name(&w, "s\"");
    json_string(&w, span_text("a\nb"));
    json_name(&w, "i");
    json_integer(&w, LLONG_MIN);
    json_name(&w, "t");
    json_bool(&w, true);
    json_name(&w, "n");
    json_null(&w);
    json_name(&w, "a");
    json_open(&w, JSON_ARRAY);
    json_string(&w, span_of(NULL, 0));
    json_bool(&w, false);
    json_close(&w, JSON_ARRAY);
    json_close(&w, JSON_OBJECT);
    SUCCEEDS(json_end(&w, &err));
    assert_string_equal(secret_text(&out), "{\"s\\\"\":\"a\\nb\",\"i\":-9223372036854775808,\"t\":true,\"n\":null,"
                                           "\"a\":[\"\",false]}");
}

static void a_writer_remembers_its_failure(void **state)
{
    (void)state;
    struct ssa_error err;
    struct json_writer w;
    SECRET_AUTO out = {0};
    SUCCEEDS(secret_new(&out, 1000, &err));
    assert_true(json_begin(&w, &out, true));
    json_open(&w, JSON_ARRAY);
    json_string(&w, span_text("\xff"));
    json_string(&w, span_text("fine"));
    json_close(&w, JSON_ARRAY);
    FAILS(json_end(&w, &err), SSA_UNEXPECTED, "UTF-8");
    SECRET_AUTO small = {0};
    SUCCEEDS(secret_new(&small, 3, &err));
    assert_true(json_begin(&w, &small, false));
    json_string(&w, span_text("four"));
    FAILS(json_end(&w, &err), SSA_UNEXPECTED, "does not fit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indented_as_python_prints_it),       cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(empty_containers_take_one_line),     cmocka_unit_test(what_is_no_json_is_not_indented),
        cmocka_unit_test(what_does_not_fit_is_an_error),      cmocka_unit_test(deep_nesting_is_refused_when_indenting),
        cmocka_unit_test(every_kind_of_value_can_be_written), cmocka_unit_test(a_writer_remembers_its_failure),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
