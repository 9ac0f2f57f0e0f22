// services/query/email_mask.h: e-mails for callers who may not see them.
#ifndef CLV_SERVICES_QUERY_EMAIL_MASK_H_
#define CLV_SERVICES_QUERY_EMAIL_MASK_H_

#include <string>
#include <string_view>

namespace clv::query {

// The first character, `***`, and everything from the last `@`: `john@example.com` ->
// `j***@example.com`. `***` for a text without `@`.
std::string MaskEmail(std::string_view email);

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_EMAIL_MASK_H_
