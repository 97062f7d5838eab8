#include "hsm/data/data_uri.h"

#include "hsm/uri/uri_match.h"

struct span data_uri_label(const struct uri *uri)
{
    const CK_ATTRIBUTE *label = uri_attribute(uri, CKA_LABEL);
    return label == NULL ? span_of(NULL, 0) : span_of(label->pValue, label->ulValueLen);
}

void data_label(const struct uri *uri, char out[static DATA_LABEL_MAX])
{
    text_harmless(out, DATA_LABEL_MAX, data_uri_label(uri));
}

bool data_check_uri(const struct uri *uri, const char *what, struct ssa_error *err)
{
    const CK_ATTRIBUTE *class = uri_attribute(uri, CKA_CLASS);
    CK_OBJECT_CLASS type = CKO_DATA;
    if (class != NULL && class->ulValueLen == sizeof type)
        memcpy(&type, class->pValue, sizeof type);
    if (type == CKO_DATA && data_uri_label(uri).len > 0)
        return true;
    error_set(err, SSA_CONFIG, NULL, what, "is a PKCS#11 URI that names no data object");
    error_hint(err, "The URI of a data object has object=LABEL and type=data.");
    return error_reason(err, SSA_REASON_URI_NO_DATA, NULL);
}
