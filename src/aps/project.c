#include "aps/project.h"

#include <strings.h>

#include "aps/request.h"
#include "core/text.h"
#include "oauth/answer_text.h"
#include "oauth/call.h"
#include "oauth/failure.h"

#define API "/construction/admin/v1"

enum { BODY_MAX = 8192, PATH_MAX_BYTES = 1024, HEADER_MAX = 192 };

static const char *const keys[] = {
    "build",
    "docs",
    "takeoff",
    "cost",
    "autoSpecs",
    "financials",
    "buildingConnected",
    "capitalPlanning",
    "accountAdministration",
    "workshopxr",
    "insight",
    "projectAdministration",
    "modelCoordination",
    "designCollaboration",
    "cloudWorksharing",
};
static const char *const accesses[] = {"administrator", "member", "none"};
static const char *const regions[] = {"US", "EMEA", "AUS", "CAN", "DEU", "IND", "JPN", "GBR"};

// The name as the API writes it, whatever the case in which it was typed; NULL for a name that is not known.
static const char *name_in(const char *const *names, size_t count, struct span typed)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == typed.len && strncasecmp(names[i], (const char *)typed.data, typed.len) == 0)
            return names[i];
    return NULL;
}

static bool refuse_name(const char *typed, const char *what, const char *const *names, size_t count,
                        struct ssa_error *err)
{
    char all[SSA_ERROR_TEXT_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!text_format(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "", names[i]))
            break;
        used += strlen(all + used);
    }
    error_set(err, SSA_USAGE, NULL, typed, "%s", what);
    return error_hint(err, "These are known: %s.", all);
}

bool aps_product_named(const char *text, struct aps_product *product, struct ssa_error *err)
{
    const size_t len = strcspn(text, "=");
    const char *key = name_in(keys, COUNT(keys), span_of(text, len));
    if (key == NULL)
        return refuse_name(text, "is no product of an ACC project", keys, COUNT(keys), err);
    const char *access = text[len] == '=' ? name_in(accesses, COUNT(accesses), span_text(text + len + 1)) : NULL;
    if (access == NULL)
        return refuse_name(text, "must be PRODUCT=ACCESS, with an access that is known", accesses, COUNT(accesses),
                           err);
    return (text_format(product->key, sizeof product->key, "%s", key) &&
            text_format(product->access, sizeof product->access, "%s", access)) ||
           error_set(err, SSA_UNEXPECTED, NULL, text, "is too long");
}

// Ids become parts of paths and headers.
static bool take_id(const char *what, const char *typed, char id[static API_ID_MAX], struct ssa_error *err)
{
    return (api_is_id(typed) && text_format(id, API_ID_MAX, "%s", typed)) ||
           error_set(err, SSA_USAGE, NULL, typed, "is not a valid %s", what);
}

bool aps_project_named(const char *id, const char *admin_user, const char *region, struct aps_project *project,
                       struct ssa_error *err)
{
    static const char prefix[] = "b.";
    *project = (struct aps_project){0};
    const size_t skipped = strncmp(id, prefix, sizeof prefix - 1) == 0 ? sizeof prefix - 1 : 0;
    if (!take_id("id of a project", id + skipped, project->id, err) ||
        !take_id("id of a user", admin_user, project->admin_user, err))
        return false;
    if (region == NULL)
        return true;
    const char *known = name_in(regions, COUNT(regions), span_text(region));
    if (known == NULL)
        return refuse_name(region, "is no region", regions, COUNT(regions), err);
    return text_format(project->region, sizeof project->region, "%s", known) ||
           error_set(err, SSA_UNEXPECTED, NULL, region, "is too long");
}

// What all calls about a project's members have in common.
struct project_call {
    struct call call;
    char user[HEADER_MAX], region[HEADER_MAX];
    const char *headers[3];
    struct secret path;
};

static void project_call_end(struct project_call *c)
{
    secret_free(&c->path);
}
#define PROJECT_CALL_AUTO __attribute__((cleanup(project_call_end))) struct project_call

static bool project_call(struct project_call *c, const struct aps_project *project, struct ssa_error *err)
{
    if (!secret_new(&c->path, PATH_MAX_BYTES, err))
        return false;
    if (!text_format(c->user, sizeof c->user, "User-Id: %s", project->admin_user) ||
        !text_format(c->region, sizeof c->region, "Region: %s", project->region) ||
        !secret_append_text(&c->path, "/projects/") || !http_append_escaped(&c->path, project->id) ||
        !secret_append_text(&c->path, "/users"))
        return error_set(err, SSA_USAGE, NULL, project->id, "is too long for a request");
    c->headers[0] = c->user;
    c->headers[1] = project->region[0] != '\0' ? c->region : NULL;
    c->call = (struct call){
        .api = API,
        .subject = project->id,
        .detail = project->id,
        .headers = c->headers,
        .on_400 = SSA_REASON_PROJECT_REQUEST,
        .on_403 = SSA_REASON_PROJECT_REFUSED,
        .on_404 = SSA_REASON_NO_PROJECT,
        .on_409 = SSA_REASON_PROJECT_CONFLICT,
        .on_state = SSA_REASON_PROJECT_REQUEST,
        .on_missing = SSA_REASON_NO_PROJECT,
        .on_limit = SSA_REASON_PROJECT_REFUSED,
    };
    return true;
}

// The members that the answer lists. The filter may let more pass than the one that was asked for, so each is read, and
// is kept where it has the email.
struct reading {
    const char *email;
    struct aps_member *found, current;
    bool seen, is_wanted;
};

static void end_member(struct reading *r)
{
    if (r->is_wanted) {
        *r->found = r->current;
        r->found->found = true;
    }
    r->current = (struct aps_member){0};
    r->is_wanted = false;
}

// A text in an unknown form counts as unknown. It must not make the answer unusable.
static void take(const struct json_value *value, char *out, size_t capacity)
{
    if (value->type == JSON_STRING)
        text_harmless(out, capacity, value->text);
}

static void take_product(struct aps_member *member, const struct json_value *value, bool is_key)
{
    struct aps_product *last = &member->products[member->product_count - 1];
    if (is_key)
        take(value, last->key, sizeof last->key);
    else
        take(value, last->access, sizeof last->access);
}

static bool read_members(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct reading *r = context;
    struct aps_member *member = &r->current;
    char email[API_EMAIL_MAX] = "";
    if (strcmp(value->path, "results") == 0) {
        r->seen = value->type == JSON_ARRAY;
    } else if (strcmp(value->path, "results[]") == 0) {
        end_member(r);
    } else if (strcmp(value->path, "results[].email") == 0) {
        take(value, email, sizeof email);
        r->is_wanted = strcasecmp(email, r->email) == 0;
    } else if (strcmp(value->path, "results[].status") == 0) {
        take(value, member->status, sizeof member->status);
    } else if (strcmp(value->path, "results[].products[]") == 0) {
        if (member->product_count == APS_PRODUCTS_MAX)
            return error_set(err, SSA_UNEXPECTED, NULL, NULL, "it names more than %u products", APS_PRODUCTS_MAX);
        member->product_count++;
    } else if (member->product_count > 0 && strcmp(value->path, "results[].products[].key") == 0) {
        take_product(member, value, true);
    } else if (member->product_count > 0 && strcmp(value->path, "results[].products[].access") == 0) {
        take_product(member, value, false);
    }
    return answer_root(value, err);
}

static bool answer_members(struct span body, const char *email, struct aps_member *member, struct ssa_error *err)
{
    struct reading r = {.email = email, .found = member};
    *member = (struct aps_member){0};
    if (!answer_read(body, read_members, &r, err))
        return false;
    end_member(&r);
    return r.seen || answer_lacks(err, "results");
}

bool aps_project_find(struct oauth_client *client, const struct aps_project *project, const char *email,
                      struct aps_member *member, struct ssa_error *err)
{
    PROJECT_CALL_AUTO c = {0};
    HTTP_RESPONSE_AUTO answer = {0};
    *member = (struct aps_member){0};
    if (!project_call(&c, project, err) || !secret_new(&answer.body, OAUTH_LIST_MAX, err))
        return false;
    // "filter[email]=", whose brackets a URL must not have as they are.
    if (!secret_append_text(&c.path, "?filter%5Bemail%5D=") || !http_append_escaped(&c.path, email))
        return error_set(err, SSA_USAGE, NULL, email, "is too long for a request");
    c.call.method = "GET";
    c.call.path = secret_text(&c.path);
    c.call.doing = "looking for the account in the project";
    if (!call_make(client, &c.call, &answer, false, NULL, err))
        return false;
    return answer_members(secret_span(&answer.body), email, member, err) ||
           failure_unusable(client, &c.call, &answer, err);
}

static bool write_member(const char *email, const struct aps_product *products, size_t count, struct secret *body,
                         struct ssa_error *err)
{
    struct json_writer w;
    if (!request_body_begin(&w, body, BODY_MAX, err))
        return false;
    member_text(&w, "email", email);
    member_open(&w, "products", JSON_ARRAY);
    for (size_t i = 0; i < count; i++) {
        json_open(&w, JSON_OBJECT);
        member_text(&w, "key", products[i].key);
        member_text(&w, "access", products[i].access);
        json_close(&w, JSON_OBJECT);
    }
    json_close(&w, JSON_ARRAY);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, err);
}

bool aps_project_add(struct oauth_client *client, const struct aps_project *project, const char *email,
                     const struct aps_product *products, size_t count, enum oauth_outcome *outcome,
                     struct ssa_error *err)
{
    PROJECT_CALL_AUTO c = {0};
    SECRET_AUTO body = {0};
    HTTP_RESPONSE_AUTO answer = {0};
    *outcome = OAUTH_NOT_DONE;
    if (!project_call(&c, project, err) || !write_member(email, products, count, &body, err) ||
        !secret_new(&answer.body, OAUTH_ANSWER_MAX, err))
        return false;
    c.call.method = "POST";
    c.call.path = secret_text(&c.path);
    c.call.doing = "adding the account to the project";
    c.call.content_type = "application/json";
    c.call.body = secret_span(&body);
    c.call.creates = true;
    c.call.no_answer = true;
    return call_make(client, &c.call, &answer, false, outcome, err);
}
