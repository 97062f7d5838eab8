// Threads use PKCS#11 tokens beside each other, each with a process of its own that has the module loaded. A callback
// does not.
#include "core/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ssa-hsm.h"

// What a caller's callbacks do, and how often.
struct caller {
    struct ssa_settings *settings;
    struct ssa_run run;
    bool calls_back, holds;
    atomic_bool asked, go_on;
    struct ssa_error nested;
};

static void show(void *context, const struct ssa_listing *line)
{
    (void)context;
    (void)line;
}

static bool lists(const struct caller *caller, bool login, struct ssa_error *err)
{
    return ssa_hsm_list(&caller->run, login, show, NULL, err);
}

static bool ask(void *context, const char *prompt, char *answer, size_t capacity, size_t *len, struct ssa_error *err)
{
    struct caller *caller = context;
    (void)prompt;
    (void)err;
    assert_true(capacity >= 4);
    memcpy(answer, "1234", 4);
    *len = 4;
    if (caller->calls_back)
        assert_false(lists(caller, true, &caller->nested));
    atomic_store(&caller->asked, true);
    while (caller->holds && !atomic_load(&caller->go_on))
        (void)usleep(1000);
    return true;
}

static void begin(struct caller *caller)
{
    struct ssa_error err;
    *caller = (struct caller){.settings = ssa_settings_new()};
    SUCCEEDS(ssa_settings_option(caller->settings, "SSA_HSM_MODULE", ONE_TOKEN_MODULE, &err));
    caller->run = (struct ssa_run){.settings = caller->settings, .callbacks = {.context = caller, .ask_secret = ask}};
}

static void end(struct caller *caller)
{
    ssa_settings_free(caller->settings);
}

static void *list_once(void *context)
{
    struct ssa_error err;
    SUCCEEDS(lists(context, true, &err));
    return NULL;
}

// On another thread, which has the token until it may go on.
static void begin_and_hold(struct caller *caller, pthread_t *thread)
{
    begin(caller);
    caller->holds = true;
    assert_int_equal(pthread_create(thread, NULL, list_once, caller), 0);
    while (!atomic_load(&caller->asked))
        (void)usleep(1000);
}

static void a_second_thread_works_while_the_first_has_a_token(void **state)
{
    (void)state;
    struct caller first, second;
    struct ssa_error err;
    pthread_t thread;
    begin(&second);
    begin_and_hold(&first, &thread);
    SUCCEEDS(lists(&second, true, &err));
    SUCCEEDS(lists(&second, false, &err));
    // The second has closed its module, which is nothing to the first.
    atomic_store(&first.go_on, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    SUCCEEDS(lists(&second, true, &err));
    end(&first);
    end(&second);
}

static void a_callback_is_refused(void **state)
{
    (void)state;
    struct caller caller;
    struct ssa_error err;
    begin(&caller);
    caller.calls_back = true;
    SUCCEEDS(lists(&caller, true, &err));
    unit_check_error(&caller.nested, SSA_USAGE, "from a callback", "the nested call");
    caller.calls_back = false;
    SUCCEEDS(lists(&caller, true, &err));
    end(&caller);
}

enum { THREADS = 6, ROUNDS = 20 };
static atomic_int done;

// The module ends the process where two are in it.
static void *list_often(void *context)
{
    struct caller caller;
    (void)context;
    begin(&caller);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct ssa_error err = {0};
        if (lists(&caller, true, &err))
            atomic_fetch_add(&done, 1);
        else
            print_error("%s %s\n", err.what, err.cause);
    }
    end(&caller);
    return NULL;
}

static void many_threads_never_meet_in_a_module(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, list_often, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(done, THREADS * ROUNDS);
}

static bool lists_in_a_child(void *context)
{
    struct ssa_error err;
    return lists(context, true, &err);
}

static void a_child_forked_meanwhile_has_a_process_of_its_own(void **state)
{
    (void)state;
    struct caller first, second;
    pthread_t thread;
    begin(&second);
    begin_and_hold(&first, &thread);
    unit_in_child(lists_in_a_child, &second);
    atomic_store(&first.go_on, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    end(&first);
    end(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_thread_works_while_the_first_has_a_token),
        cmocka_unit_test(a_callback_is_refused),
        cmocka_unit_test(many_threads_never_meet_in_a_module),
        cmocka_unit_test(a_child_forked_meanwhile_has_a_process_of_its_own),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
