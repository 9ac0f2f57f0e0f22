#include "services/query/email_mask.h"

namespace clv::query {

std::string MaskEmail(std::string_view email) {
  const size_t at = email.rfind('@');
  if (at == std::string_view::npos) return "***";
  // A character is a byte and the UTF-8 continuation bytes behind it.
  size_t first = 1;
  while (first < email.size() && (static_cast<unsigned char>(email[first]) & 0xc0) == 0x80) ++first;
  return std::string(email.substr(0, first)) + "***" + std::string(email.substr(at));
}

}  // namespace clv::query
