// services/query/form_body.h: bodies of POST requests to the pipes.
#ifndef CLV_SERVICES_QUERY_FORM_BODY_H_
#define CLV_SERVICES_QUERY_FORM_BODY_H_

#include <string>

#include "absl/status/status.h"
#include "google/api/httpbody.pb.h"

namespace clv::query {

// OK for an empty body and for one that may be an urlencoded form. Otherwise its parameters would
// be lost without a word: INVALID_ARGUMENT for another Content-Type (`text/plain` and none pass)
// and for JSON under whatever name; 415 for a Content-Encoding.
absl::Status CheckFormBody(const google::api::HttpBody& body, const std::string& content_encoding);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_FORM_BODY_H_
