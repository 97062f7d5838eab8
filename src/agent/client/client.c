#include "agent/client/client.h"

void agent_answer_free(struct agent_answer *answer)
{
    secret_free(&answer->body);
}
