// Reading JSON: where each value stands, and that nothing but JSON is read.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"

struct seen {
    char text[4096];
    unsigned stop_at; // the visit that ends the reading; 0 for none
    unsigned count;
};

static bool note(void *context, const struct json_value *value, struct ssa_error *err)
{
    static const char *const types[] = {"null", "bool", "number", "string", "object", "array"};
    struct seen *seen = context;
    const size_t used = strlen(seen->text);
    (void)text_format(seen->text + used, sizeof seen->text - used, "%s|%s|%.*s\n", value->path, types[value->type],
                      SPAN_PRINTF(value->text));
    return ++seen->count != seen->stop_at || error_set(err, SSA_CONFIG, NULL, NULL, "stopped");
}

static void reads(const char *json, const char *expected)
{
    struct seen seen = {0};
    struct ssa_error err;
    SUCCEEDS(json_read(span_text(json), note, &seen, &err));
    assert_string_equal(seen.text, expected);
}

static void refuses_span(struct span json)
{
    struct seen seen = {0};
    struct ssa_error err = {0};
    if (json_read(json, note, &seen, &err))
        fail_msg("\"%.*s\" was read", SPAN_PRINTF(json));
    assert_int_equal(err.code, SSA_UNEXPECTED);
    assert_string_not_equal(err.what, "");
}

static void refuses(const char *json)
{
    refuses_span(span_text(json));
}

static void each_value_is_shown_with_its_path(void **state)
{
    (void)state;
    reads("{\"keys\":[{\"kid\":\"a\",\"n\":[1,[2]]},{\"kid\":\"b\"}],\"ok\":true,\"x\":null}", "|object|\n"
                                                                                               "keys|array|\n"
                                                                                               "keys[]|object|\n"
                                                                                               "keys[].kid|string|a\n"
                                                                                               "keys[].n|array|\n"
                                                                                               "keys[].n[]|number|1\n"
                                                                                               "keys[].n[]|array|\n"
                                                                                               "keys[].n[][]|number|2\n"
                                                                                               "keys[]|object|\n"
                                                                                               "keys[].kid|string|b\n"
                                                                                               "ok|bool|true\n"
                                                                                               "x|null|\n");
    reads("[{},[],false]", "|array|\n[]|object|\n[]|array|\n[]|bool|false\n");
    reads("{\"a\":{\"b\":{\"c\":1}},\"d\":2}", "|object|\na|object|\na.b|object|\na.b.c|number|1\nd|number|2\n");
}

static void a_lone_value_is_json_too(void **state)
{
    (void)state;
    reads("\"x\"", "|string|x\n");
    reads(" 1 ", "|number|1\n");
    reads("1", "|number|1\n");
    reads("-0.5e+10", "|number|-0.5e+10\n");
    reads("123456789012345678901234567890", "|number|123456789012345678901234567890\n");
    reads("\"\"", "|string|\n");
    reads("\n{ }\t", "|object|\n");
}

static void a_name_that_comes_twice_is_shown_twice(void **state)
{
    (void)state;
    reads("{\"a\":1,\"a\":2}", "|object|\na|number|1\na|number|2\n");
}

static void escapes_are_undone(void **state)
{
    (void)state;
    reads("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "|string|\"\\/\b\f\n\r\t\n");
    reads("\"\\u00e4\\u4e16\\ud83d\\udd11\"", "|string|\xc3\xa4\xe4\xb8\x96\xf0\x9f\x94\x91\n");
    reads("{\"\\u006bid\":1}", "|object|\nkid|number|1\n");
    refuses("\"\\x41\"");
    refuses("\"\\u12\"");
    refuses("\"\\\"");
    refuses("\"a\nb\"");
    refuses("\"\x01\"");
}

static bool has_length_three(void *context, const struct json_value *value, struct ssa_error *err)
{
    (void)context;
    return (value->text.len == 3 && memcmp(value->text.data, "a\0b", 3) == 0) ||
           error_set(err, SSA_CONFIG, NULL, NULL, "%zu bytes", value->text.len);
}

static void a_zero_byte_in_a_string_is_one_of_its_bytes(void **state)
{
    (void)state;
    struct ssa_error err;
    SUCCEEDS(json_read(span_text("\"a\\u0000b\""), has_length_three, NULL, &err));
}

// "privateKey\0x" is not privateKey.
static void a_zero_byte_in_a_name_makes_no_other_name(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct ssa_error err;
    if (json_read(span_text("{\"kid\\u0000x\":1}"), note, &seen, &err))
        assert_null(strstr(seen.text, "\nkid|"));
}

static void what_is_no_utf8_is_no_json(void **state)
{
    (void)state;
    refuses("\"\xff\"");
    refuses("\"\x80\"");
    refuses("\"\xc3\"");
    refuses("\"\xe4\xb8\"");
    refuses("{\"\xff\":1}");
}

static void overlong_utf8_is_no_json(void **state)
{
    (void)state;
    refuses("\"\xc0\xaf\"");
    refuses("\"\xe0\x80\xaf\"");
    refuses("\"\xed\xa0\x80\"");
    refuses("\"\xf4\x90\x80\x80\"");
}

static void a_lone_surrogate_is_no_character(void **state)
{
    (void)state;
    refuses("\"\\udd11\"");
    refuses("\"\\udd11\\ud83d\"");
    refuses("{\"\\udd11\":1}");
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",         " ",          "{",     "}",   "[",     "[1,]", "{\"a\":1,}", "{\"a\"}",
        "{a:1}",    "{1:1}",      "[1 2]", "nul", "nulll", "True", "01",         "-",
        "1.",       ".5",         "1e",    "+1",  "NaN",   "'a'",  "\"a",        "// x\n1",
        "/* x */1", "{\"a\":}",   "[,1]",  "{}x", "{} {}", "1 2",  "[]]",        "\xef\xbb\xbf{}",
        "{,}",      "\"a\"\"b\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refuses(texts[i]);
    refuses_span(span_of("{}\0", 3));
    refuses_span(span_of("\0", 1));
}

static void every_cut_of_a_text_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,\"\\u00e4\xc3\xa4\",true],\"b\":null}";
    for (size_t len = 0; len < sizeof text - 1; len++)
        refuses_span(span_of(text, len));
    refuses_span(span_of(NULL, 0));
}

static void nest(char *out, unsigned depth, char open, char close)
{
    memset(out, open, depth);
    memset(out + depth, close, depth);
    out[(size_t)2 * depth] = '\0';
}

static void sixteen_levels_are_read_and_no_more(void **state)
{
    (void)state;
    static char text[200002];
    struct seen seen = {0};
    struct ssa_error err;
    nest(text, 16, '[', ']');
    SUCCEEDS(json_read(span_text(text), note, &seen, &err));
    nest(text, 17, '[', ']');
    FAILS(json_read(span_text(text), note, &seen, &err), SSA_UNEXPECTED, "nested deeper than 16");
    nest(text, 100000, '[', ']');
    seen.text[0] = '\0';
    FAILS(json_read(span_text(text), note, &seen, &err), SSA_UNEXPECTED, "nested deeper than 16");
}

static void huge_names_are_refused_and_huge_strings_are_not(void **state)
{
    (void)state;
    static char text[100000];
    struct seen seen = {0};
    struct ssa_error err;
    static const unsigned lengths[] = {255, 256, 257, 5000, 90000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *p = text;
        p = stpcpy(p, "{\"");
        memset(p, 'n', lengths[i]);
        (void)stpcpy(p + lengths[i], "\":1}");
        seen = (struct seen){0};
        if (i == 0)
            SUCCEEDS(json_read(span_text(text), note, &seen, &err));
        else
            FAILS(json_read(span_text(text), note, &seen, &err), SSA_UNEXPECTED, "name that is too long");
        text[0] = '[';
        text[lengths[i] + 3] = ']';
        text[lengths[i] + 4] = '\0';
        seen = (struct seen){0};
        SUCCEEDS(json_read(span_text(text), note, &seen, &err));
        assert_int_equal(seen.count, 2);
    }
}

static void a_visit_can_stop_the_reading(void **state)
{
    (void)state;
    for (unsigned stop = 1; stop <= 4; stop++) {
        struct seen seen = {.stop_at = stop};
        struct ssa_error err;
        FAILS(json_read(span_text("{\"a\":[1],\"b\":2}"), note, &seen, &err), SSA_CONFIG, "stopped");
        assert_int_equal(seen.count, stop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_shown_with_its_path),
        cmocka_unit_test(a_lone_value_is_json_too),
        cmocka_unit_test(a_name_that_comes_twice_is_shown_twice),
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(a_zero_byte_in_a_string_is_one_of_its_bytes),
        cmocka_unit_test(a_zero_byte_in_a_name_makes_no_other_name),
        cmocka_unit_test(what_is_no_utf8_is_no_json),
        cmocka_unit_test(overlong_utf8_is_no_json),
        cmocka_unit_test(a_lone_surrogate_is_no_character),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(every_cut_of_a_text_is_refused),
        cmocka_unit_test(sixteen_levels_are_read_and_no_more),
        cmocka_unit_test(huge_names_are_refused_and_huge_strings_are_not),
        cmocka_unit_test(a_visit_can_stop_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
