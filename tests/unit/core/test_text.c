// Foreign text: nothing a server, token or file says can steer a terminal.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"

static void shows(const char *in, const char *expected)
{
    char out[256];
    text_harmless(out, sizeof out, span_text(in));
    assert_string_equal(out, expected);
}

static void plain_text_of_any_script_stays(void **state)
{
    (void)state;
    static const char text[] = "Grüße, 世界, \xf0\x9f\x94\x91, a~b";
    shows(text, text);
    shows("", "");
}

static void control_characters_become_question_marks(void **state)
{
    (void)state;
    shows("a\x1b[31mred", "a?[31mred");
    shows("\x01\x07\x08\x0b\x0c\r\x7f", "???????");
    shows("a\nb\tc", "a b c");
    // C1 as UTF-8: U+009B is CSI.
    shows("a\xc2\x9b"
          "31m",
          "a?31m");
    shows("\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0");
    char out[8];
    text_harmless(out, sizeof out, span_of("a\0b", 3));
    assert_string_equal(out, "a?b");
}

static void text_cannot_be_turned_around(void **state)
{
    (void)state;
    shows("\xe2\x80\xaa|\xe2\x80\xae|\xe2\x81\xa6|\xe2\x81\xa9|\xe2\x80\x8e|\xe2\x80\x8f|\xd8\x9c", "?|?|?|?|?|?|?");
    shows("\xe2\x80\xa8|\xe2\x80\xa9", "?|?");
    // Their neighbours are letters and marks of their own.
    shows("\xe2\x80\xaf|\xe2\x81\xa5|\xe2\x80\xa7", "\xe2\x80\xaf|\xe2\x81\xa5|\xe2\x80\xa7");
}

static void what_is_no_utf8_becomes_question_marks(void **state)
{
    (void)state;
    shows("a\xff\xfe"
          "b",
          "a??b");
    shows("\x80\xbf", "??");
    shows("\xc0\x9b", "??");                // ESC, overlong in two bytes
    shows("\xe0\x80\x9b", "???");           // in three
    shows("\xf0\x80\x80\x9b", "????");      // in four
    shows("\xed\xa0\x80", "???");           // a surrogate
    shows("\xf4\x90\x80\x80", "????");      // above U+10FFFF
    shows("\xf8\x88\x80\x80\x80", "?????"); // five bytes, as once was
    shows("\xe4\xb8", "??");                // cut off
    shows("\xe4\xb8|", "??|");
    shows("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void a_cut_is_never_inside_a_character(void **state)
{
    (void)state;
    static const char text[] = "a\xc3\xa4\xe4\xb8\x96\xf0\x9f\x94\x91z";
    static const size_t kept[] = {0, 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t capacity = 1; capacity < sizeof kept / sizeof kept[0]; capacity++) {
        char out[32];
        memset(out, 0x55, sizeof out);
        text_harmless(out, capacity, span_text(text));
        assert_int_equal(strlen(out), kept[capacity]);
        assert_memory_equal(out, text, kept[capacity]);
        for (size_t i = capacity; i < sizeof out; i++)
            assert_int_equal(out[i], 0x55);
    }
    char untouched = 'x';
    text_harmless(&untouched, 0, span_text(text));
    assert_int_equal(untouched, 'x');
}

static void formatting_says_whether_it_fitted(void **state)
{
    (void)state;
    char out[4];
    assert_true(text_format(out, sizeof out, "%d", 123));
    assert_false(text_format(out, sizeof out, "%d", 1234));
    assert_string_equal(out, "123");
}

static const char *const names[] = {"profile", "pin-retry", "pin-source", "scope", "capath", "cacert"};
enum { NAMES = sizeof names / sizeof names[0] };

static void a_slip_of_the_finger_is_understood(void **state)
{
    (void)state;
    assert_string_equal(text_nearest("profle", names, NAMES), "profile");
    assert_string_equal(text_nearest("pinretry", names, NAMES), "pin-retry");
    assert_string_equal(text_nearest("scop", names, NAMES), "scope");
    assert_string_equal(text_nearest("cacrt", names, NAMES), "cacert");
    assert_string_equal(text_nearest("scope", names, NAMES), "scope");
}

static void another_word_is_near_to_nothing(void **state)
{
    (void)state;
    assert_null(text_nearest("zebra", names, NAMES));
    assert_null(text_nearest("", names, NAMES));
    assert_null(text_nearest("x", names, 0));
}

static void a_very_long_word_is_near_to_nothing(void **state)
{
    (void)state;
    char word[512];
    for (size_t len = 30; len < sizeof word; len++) {
        memset(word, 'x', len);
        word[len] = '\0';
        if (text_nearest(word, names, NAMES) != NULL)
            fail_msg("%zu letters are near to \"%s\"", len, text_nearest(word, names, NAMES));
    }
}

static void becomes_word(const char *text, const char *expected)
{
    char out[64];
    assert_true(text_shell_word(out, sizeof out, text));
    assert_string_equal(out, expected);
    assert_true(strlen(expected) < SHELL_WORD_ROOM(strlen(text)));
    // No room for the last character.
    assert_false(text_shell_word(out, strlen(expected), text));
}

static void a_word_for_a_shell(void **state)
{
    (void)state;
    becomes_word("/etc/a-b_c.env", "/etc/a-b_c.env");
    becomes_word("", "''");
    becomes_word("a b", "'a b'");
    becomes_word("$HOME;`id`\"", "'$HOME;`id`\"'");
    becomes_word("it's", "'it'\\''s'");
    becomes_word("''", "''\\'''\\'''");
    becomes_word("~/x", "'~/x'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_of_any_script_stays),
        cmocka_unit_test(control_characters_become_question_marks),
        cmocka_unit_test(text_cannot_be_turned_around),
        cmocka_unit_test(what_is_no_utf8_becomes_question_marks),
        cmocka_unit_test(a_cut_is_never_inside_a_character),
        cmocka_unit_test(formatting_says_whether_it_fitted),
        cmocka_unit_test(a_slip_of_the_finger_is_understood),
        cmocka_unit_test(another_word_is_near_to_nothing),
        cmocka_unit_test(a_very_long_word_is_near_to_nothing),
        cmocka_unit_test(a_word_for_a_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
