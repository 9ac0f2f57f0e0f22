// common/rpc/v0_parameters.h: query and form parameters of a /v0 request.
#ifndef CLV_COMMON_RPC_V0_PARAMETERS_H_
#define CLV_COMMON_RPC_V0_PARAMETERS_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clv::rpc {

// A segment of a path with its `%` escapes decoded; a broken one stays as text.
std::string DecodePathSegment(std::string_view segment);

// Decoded names and values in the order of the wire, those of the query string before those of the
// form body. `+` and `%20` are spaces; a broken escape stays as text; a part without `=` has an
// empty value; a part without a name is dropped.
class V0Parameters {
 public:
  V0Parameters() = default;

  // `original_path`: path with query, as in the metadata `x-envoy-original-path`. `form_body`: an
  // urlencoded body, or empty.
  V0Parameters(std::string_view original_path, std::string_view form_body);

  // The last value of a parameter; absent when the parameter is.
  std::optional<std::string> Last(std::string_view name) const;

  // All its values, in order.
  std::vector<std::string> All(std::string_view name) const;

  // Everything.
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

  // The last `token` that was sent, which items() does not hold.
  const std::optional<std::string>& token() const { return token_; }

 private:
  void Add(std::string_view encoded);

  std::vector<std::pair<std::string, std::string>> items_;
  std::optional<std::string> token_;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_V0_PARAMETERS_H_
