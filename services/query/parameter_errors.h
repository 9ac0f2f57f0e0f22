// services/query/parameter_errors.h: errors of parameters in the words that clients of /v0 know.
#ifndef CLV_SERVICES_QUERY_PARAMETER_ERRORS_H_
#define CLV_SERVICES_QUERY_PARAMETER_ERRORS_H_

#include "absl/status/status.h"

namespace clv::query {

// A FieldError (see common/rpc/status_conversion.h) of an instant becomes `Cannot parse DateTime:
// <text> (CANNOT_PARSE_DATETIME)`, one of `limit`, `page` or `page_size` `The value of the LIMIT
// expression cannot be taken: <text> (INVALID_LIMIT_EXPRESSION)`, where <text> names the parameter,
// what was got and what is wanted. Any other status stays as it is.
absl::Status InWordsOfV0(const absl::Status& status);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PARAMETER_ERRORS_H_
