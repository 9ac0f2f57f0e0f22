// services/gateway/openapi.h: the transcoded API as an OpenAPI 3.1 document.
#ifndef CLV_SERVICES_GATEWAY_OPENAPI_H_
#define CLV_SERVICES_GATEWAY_OPENAPI_H_

#include <string>

#include "services/gateway/transcoder.h"

namespace clv::gateway {

struct OpenApiOptions {
  std::string title;
  std::string version;
  bool bearer_token = false;  // every call may carry `Authorization: Bearer`
};

// The JSON text: every rule of `transcoder` whose HTTP method OpenAPI knows, with its parameters,
// bodies and replies as they stand in JSON under the transcoder's print options, and the comments
// of the descriptor set where it holds them. A variable of several segments, such as
// `{name=shops/*}`, is shown as its literals and one parameter for each wildcard:
// `/shops/{name}`. Of rules that OpenAPI cannot tell apart, only the first is in it.
std::string OpenApiJson(const Transcoder& transcoder, const OpenApiOptions& options);

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_OPENAPI_H_
