// services/gateway/json_list.h: cuts a JSON list that arrives in pieces into its elements.
#ifndef CLV_SERVICES_GATEWAY_JSON_LIST_H_
#define CLV_SERVICES_GATEWAY_JSON_LIST_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace clv::gateway {

// Finds where the elements of a list begin and end; what is between is for a JSON parser to check.
// Follows the lenient syntax of protobuf's parser: strings in double or single quotes, a comma
// before the closing bracket. Linear time, and memory for one unfinished element. Not thread-safe.
class JsonListSplitter {
 public:
  // `max_element_bytes` bounds each element.
  explicit JsonListSplitter(size_t max_element_bytes) : max_element_bytes_(max_element_bytes) {}

  // Takes the next bytes of the text and returns the elements that they complete, in order, without
  // the white space around them. INVALID_ARGUMENT: the text is no list, an element is missing
  // between two commas, or brackets nest deeper than kMaxJsonDepth. OUT_OF_RANGE: an element over
  // the bound. No call may follow an error.
  absl::StatusOr<std::vector<std::string>> Feed(std::string_view bytes);

  // INVALID_ARGUMENT unless the list is closed.
  absl::Status Finish() const;

  // Whether the text is known to be a list.
  bool began() const { return place_ != Place::kBefore; }

 private:
  enum class Place { kBefore, kBetween, kElement, kAfter };

  absl::Status TakeOutside(char c);
  absl::Status TakeInElement(char c, std::vector<std::string>& elements);

  const size_t max_element_bytes_;
  Place place_ = Place::kBefore;
  std::string element_;   // as far as it has come
  int depth_ = 0;         // of brackets in the element
  char quote_ = 0;        // that closes the string under way; 0: none
  bool escaped_ = false;  // the next character of the string stands for itself
};

}  // namespace clv::gateway

#endif  // CLV_SERVICES_GATEWAY_JSON_LIST_H_
