// The PIN socket, at which the signer listens for who unlocks it.
#pragma once

#include "agent/link/question.h"
#include "core/file_mark.h"

// Listens at path, with mode 0600. *file becomes what is there. Returns -1 with err filled.
int pin_listener_open(const char *path, struct file_mark *file, struct ssa_error *err);

// Takes one of the own user. Returns -1 where there is none.
int pin_listener_take(int listener);
// Takes one, and tells them that somebody else is unlocking the signer.
void pin_listener_turn_away(int listener);

// Says something to one who was taken. False where they have gone.
bool pin_listener_say(int fd, const struct question *q);
