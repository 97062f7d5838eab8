// The client id of the app.
#include "cli/output/print.h"
#include "cli/setup/setup.h"
#include "cli/terminal/terminal.h"
#include "config/settings.h"

bool setup_ask_client(struct setup *s, struct ssa_error *err)
{
    const char *usual = s->usual_client_id[0] != '\0' ? s->usual_client_id : NULL;
    // The file's key belongs to the file's client id.
    if (s->old.client_id[0] != '\0' && !setup_has_key(s))
        return setup_set(s, SET_CLIENT_ID, s->old.client_id, err);
    if (settings_get(s->settings, SET_CLIENT_ID, NULL) != NULL)
        return true;
    print_note("client id and client secret of your app are at https://aps.autodesk.com. The app must be of the type "
               "Server-to-Server.");
    return terminal_ask_text("Client id", usual, s->client_id, sizeof s->client_id, err) &&
           setup_set(s, SET_CLIENT_ID, s->client_id, err);
}
