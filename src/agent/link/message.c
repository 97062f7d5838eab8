#include "agent/link/message.h"

void link_answer_free(struct link_answer *answer)
{
    secret_free(&answer->text);
}
