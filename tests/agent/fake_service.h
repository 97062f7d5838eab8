// A service without signers and network: what is asked for says how it ends.
//
// Profile "" or "main": an access token from the cache. "slow-MS": after a while. "short-MS": one that ends so soon.
// "fails-CLASS-REASON-RETRY": a failure. "person": locked until a person unlocks it. Any other one is not known.
#pragma once

#include "agent/service/service.h"

void fake_start(void);
// As service_stop: all who wait are answered.
void fake_stop(void);
