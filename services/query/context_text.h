// services/query/context_text.h: where the numbers of a report stand, as the /v0 face says it.
#ifndef CLV_SERVICES_QUERY_CONTEXT_TEXT_H_
#define CLV_SERVICES_QUERY_CONTEXT_TEXT_H_

#include <cstddef>
#include <string>

#include "clv/v1/query_service.pb.h"

namespace clv::query {

// Longest context in a header, in bytes.
inline constexpr size_t kMaxContextHeaderBytes = 4096;

// An object with the keys `as_of` ("YYYY-MM-DD HH:MM:SS"), `reporting_currency`,
// `unconverted_purchases`, `warnings` (a list), `folded_position`, and `model_version` where there
// is one.
std::string ContextJson(const v1::ReportContext& context);

// The same in ASCII. When it is too long for a header, the last warnings are left out.
std::string ContextHeader(const v1::ReportContext& context);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_CONTEXT_TEXT_H_
