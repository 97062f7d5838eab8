// The signer as a process: the PKCS#11 token's login, and the two sides that it is asked from, the agent and whoever
// unlocks it. It has one thread, so that a login and a request never meet.
#pragma once

#include <pthread.h>

#include "agent/link/message.h"
#include "agent/link/question.h"
#include "core/file_mark.h"
#include "signer/handle.h"

struct signer_process {
    // What it is asked through. -1 where there is none.
    int agent;                   // the agent's requests
    int parent;                  // a pidfd of the agent
    int signals;                 // SIGTERM, by signalfd(2)
    int listener;                // the PIN socket
    struct file_mark listens_at; // the file of the PIN socket
    int unlocker;                // who unlocks it now
    uint64_t questions;          // how many were asked there
    pthread_t thread;
    struct secret message; // the request, then the answer

    const char *profile; // its name; NULL: the usual one
    struct ssa_settings *settings;
    bool fault_told; // that the profile has changed and cannot be read
    struct ssa_run run;
    struct pin_watch watch;
    struct ssa_signer *handle; // NULL: nobody is logged in
    struct link_status status;
    struct ssa_error why;   // where the state is SIGNER_LOST or SIGNER_REFUSED
    bool locked;            // nothing is opened before somebody unlocks it
    bool needs_person;      // the token wants a PIN that no source has
    enum pin_outcome tried; // the last outcome of a login, PIN_NOT_TRIED before there was one

    uint64_t number; // of the agent's last request
    bool answers;    // that is under way
    bool lock_waits; // a LINK_LOCK came while somebody unlocked it, and is to be answered
    bool over;       // it is to end
    bool recorded;   // the last try of a PIN has a record, by which the next one is decided
    bool tries_pin;  // a PIN was sent to the PKCS#11 token, and there is no answer yet
    bool closing;    // what is under way is not interrupted any more
};
