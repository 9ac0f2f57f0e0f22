// services/query/openapi_document.h: endpoints as an OpenAPI 3.0 description.
#ifndef CLV_SERVICES_QUERY_OPENAPI_DOCUMENT_H_
#define CLV_SERVICES_QUERY_OPENAPI_DOCUMENT_H_

#include <string>
#include <vector>

#include "services/query/pipe_catalogue.h"

namespace clv::query {

// The JSON text. Each endpoint has the paths `/v0/pipes/NAME.json`, `.csv` and `.ndjson`, each by
// GET and by POST with a form, with its parameters, the schema of its rows, the error answers and
// both ways to send a token.
std::string OpenApiJson(const std::vector<const PipeEntry*>& entries);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_OPENAPI_DOCUMENT_H_
