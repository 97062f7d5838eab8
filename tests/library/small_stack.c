// The library's main calls, one after the other, in a thread with a stack of 128 KB. Settings come from the
// environment. Prints the name of each call before it is made, and ends with 0 where all succeeded.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ssa-hsm.h"

enum { SMALL_STACK = 128 * 1024 };

struct work {
    struct ssa_settings *settings;
    struct ssa_run run;
    struct ssa_error err;
    bool done;
};

static bool account_create(struct work *w)
{
    static const struct ssa_output output = {.import_way = SSA_IMPORT_AUTO};
    struct ssa_created created = {0};
    const bool done = ssa_account_create(&w->run, "small", "stack", false, &output, &created, NULL, &w->err) &&
                      // The profile is there now.
                      ssa_settings_profile(w->settings, "default", false, &w->run.callbacks, &w->err);
    ssa_created_free(&created);
    return done;
}

static bool fetch(struct work *w)
{
    struct ssa_grant grant = {0};
    const bool done = ssa_fetch(&w->run, &(struct ssa_token_request){0}, &grant, &w->err);
    ssa_grant_free(&grant);
    return done;
}

static bool sign(struct work *w)
{
    struct ssa_text assertion = {0};
    const bool done = ssa_sign(&w->run, &(struct ssa_token_request){0}, &assertion, &w->err);
    ssa_text_free(&assertion);
    return done;
}

static bool account_list(struct work *w)
{
    struct ssa_accounts accounts = {0};
    const bool done = ssa_account_list(&w->run, &accounts, &w->err);
    ssa_accounts_free(&accounts);
    return done;
}

static bool key_list(struct work *w)
{
    struct ssa_keys keys = {0};
    const bool done = ssa_key_list(&w->run, &(struct ssa_keys_wanted){.login = true}, &keys, &w->err);
    ssa_keys_free(&keys);
    return done;
}

static bool key_evidence(struct work *w)
{
    struct ssa_verified verified;
    struct ssa_text json = {0};
    const struct ssa_evidence wanted = {.challenge = "a small stack", .ask_api = true};
    const bool done = ssa_key_evidence(&w->run, &wanted, &verified, &json, &w->err);
    ssa_text_free(&json);
    return done;
}

static bool key_rotate(struct work *w)
{
    struct ssa_rotated rotated = {0};
    const bool done = ssa_key_rotate(&w->run, &(struct ssa_rotation){.at_once = true}, &rotated, NULL, &w->err) &&
                      ssa_settings_profile(w->settings, "default", false, &w->run.callbacks, &w->err);
    ssa_rotated_free(&rotated);
    return done;
}

static void ignore_event(void *context, const struct ssa_event *event)
{
    (void)context;
    (void)event;
}

static void ignore_line(void *context, const struct ssa_listing *line)
{
    (void)context;
    (void)line;
}

static bool history(struct work *w)
{
    return ssa_history(&w->run, ignore_event, NULL, &w->err);
}

static bool list(struct work *w)
{
    return ssa_hsm_list(&w->run, true, ignore_line, NULL, &w->err);
}

static bool key_prune(struct work *w)
{
    size_t found = 0, destroyed = 0;
    return ssa_key_prune(&w->run, true, &found, &destroyed, &w->err);
}

static bool recover(struct work *w)
{
    size_t found = 0;
    return ssa_recover(&w->run, &(struct ssa_recovery){0}, &found, NULL, &w->err);
}

static bool secret_import(struct work *w)
{
    const struct ssa_secret wanted = {0};
    struct ssa_secret_stored stored;
    const bool done = ssa_secret_import(&w->run, &wanted, &stored, NULL, &w->err);
    ssa_secret_stored_free(&stored);
    return done;
}

static bool account_delete(struct work *w)
{
    return ssa_account_delete(&w->run, ssa_settings_value(w->settings, "SERVICE_ACCOUNT_ID"), true, &w->err);
}

static const struct {
    const char *name;
    bool (*call)(struct work *w);
} calls[] = {{"account create", account_create},
             {"fetch", fetch},
             {"sign", sign},
             {"account list", account_list},
             {"key list", key_list},
             {"key evidence", key_evidence},
             {"key rotate", key_rotate},
             {"fetch", fetch},
             {"history", history},
             {"list", list},
             {"key prune", key_prune},
             {"recover", recover},
             {"secret import", secret_import},
             {"account delete", account_delete}};

static void *work(void *context)
{
    struct work *w = context;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        (void)printf("%s\n", calls[i].name);
        (void)fflush(stdout);
        if (!calls[i].call(w))
            return NULL;
    }
    w->done = true;
    return NULL;
}

static bool in_small_thread(struct work *w)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    const bool started =
        pthread_attr_setstacksize(&attributes, SMALL_STACK) == 0 && pthread_create(&thread, &attributes, work, w) == 0;
    (void)pthread_attr_destroy(&attributes);
    return started && pthread_join(thread, NULL) == 0;
}

int main(void)
{
    static struct work w;
    static char text[4 * SSA_ERROR_TEXT_MAX];
    w.settings = ssa_settings_new();
    w.run.settings = w.settings;
    const bool ready =
        w.settings != NULL && ssa_settings_environment(w.settings, environ, true, &w.err) && in_small_thread(&w);
    ssa_settings_free(w.settings);
    if (ready && w.done)
        return EXIT_SUCCESS;
    ssa_error_text(&w.err, text, sizeof text);
    (void)fprintf(stderr, "%s\n", text);
    return EXIT_FAILURE;
}
