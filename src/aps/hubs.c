#include "aps/hubs.h"

#include "core/text.h"
#include "oauth/answer_text.h"
#include "oauth/call.h"
#include "oauth/failure.h"

#define API "/project/v1"

// Projects are described at length.
enum { ANSWER_MAX = 1024 * 1024, PATH_MAX_BYTES = 1024 };

// An answer in the form of JSON:API: "data", "links", and warnings in "meta".
struct reading {
    struct aps_places *places;
    size_t most;
    bool seen, kept; // kept: the element that is read has its place in the list
};

static void take(const struct json_value *value, char *out, size_t capacity)
{
    if (value->type == JSON_STRING)
        text_harmless(out, capacity, value->text);
}

static void begin_place(struct reading *r)
{
    r->kept = r->places->count < r->most;
    if (r->kept)
        r->places->list[r->places->count++] = (struct aps_place){0};
    else
        r->places->more = true;
}

static bool read_member(struct reading *r, const struct json_value *value, struct ssa_error *err)
{
    struct aps_place *place = &r->places->list[r->places->count - 1];
    if (strcmp(value->path, "data[].id") == 0)
        return answer_text(value, place->id, sizeof place->id, err);
    if (strcmp(value->path, "data[].attributes.name") == 0)
        take(value, place->name, sizeof place->name);
    if (strcmp(value->path, "data[].attributes.region") == 0)
        take(value, place->region, sizeof place->region);
    return true;
}

static bool read_places(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct reading *r = context;
    if (strcmp(value->path, "data") == 0)
        r->seen = value->type == JSON_ARRAY;
    else if (strcmp(value->path, "data[]") == 0)
        begin_place(r);
    else if (strncmp(value->path, "data[].", strlen("data[].")) == 0 && r->kept)
        return read_member(r, value, err);
    else if (strcmp(value->path, "links.next.href") == 0)
        r->places->more = true;
    else if (strcmp(value->path, "meta.warnings[].HttpStatusCode") == 0) {
        r->places->app_is_unknown = r->places->app_is_unknown || span_is(value->text, "403");
        r->places->account_is_unknown = r->places->account_is_unknown || span_is(value->text, "401");
    }
    return answer_root(value, err);
}

static bool ask(struct oauth_client *client, struct call *call, size_t most, struct aps_places *places,
                struct ssa_error *err)
{
    HTTP_RESPONSE_AUTO answer = {0};
    struct reading r = {.places = places, .most = most};
    memset(places, 0, sizeof *places);
    call->method = "GET";
    call->api = API;
    call->on_401 = SSA_REASON_ACCOUNT_TOKEN;
    call->on_403 = SSA_REASON_HUB_REFUSED;
    if (!secret_new(&answer.body, ANSWER_MAX, err) || !call_make(client, call, &answer, false, NULL, err))
        return false;
    if (!answer_read(secret_span(&answer.body), read_places, &r, err))
        return failure_unusable(client, call, &answer, err);
    if (r.seen)
        return true;
    (void)answer_lacks(err, "data");
    return failure_unusable(client, call, &answer, err);
}

bool aps_hubs(struct oauth_client *client, struct aps_places *hubs, struct ssa_error *err)
{
    struct call call = {.path = "/hubs", .doing = "asking for the hubs"};
    return ask(client, &call, APS_HUBS_MAX, hubs, err);
}

bool aps_hub_projects(struct oauth_client *client, const char *hub, struct aps_places *projects, struct ssa_error *err)
{
    SECRET_AUTO path = {0};
    if (!secret_new(&path, PATH_MAX_BYTES, err))
        return false;
    // A hub's id may be any text.
    if (!secret_append_text(&path, "/hubs/") || !http_append_escaped(&path, hub) ||
        !secret_append_text(&path, "/projects?page%5Blimit%5D=50"))
        return error_set(err, SSA_UNEXPECTED, NULL, hub, "is too long for a request");
    struct call call = {.path = secret_text(&path), .doing = "asking for the hub's projects", .subject = hub};
    return ask(client, &call, APS_PROJECTS_MAX, projects, err);
}
