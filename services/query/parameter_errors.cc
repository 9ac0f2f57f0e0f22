#include "services/query/parameter_errors.h"

#include <array>
#include <string>
#include <string_view>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace clv::query {
namespace {

struct KnownWords {
  std::string_view parameter;
  const char* before;
  const char* code;
};

constexpr char kDateTime[] = "Cannot parse DateTime: ";
constexpr char kDateTimeCode[] = "CANNOT_PARSE_DATETIME";
constexpr char kLimit[] = "The value of the LIMIT expression cannot be taken: ";
constexpr char kLimitCode[] = "INVALID_LIMIT_EXPRESSION";

constexpr std::array<KnownWords, 6> kKnownWords = {{{"as_of", kDateTime, kDateTimeCode},
                                                    {"start_date", kDateTime, kDateTimeCode},
                                                    {"end_date", kDateTime, kDateTimeCode},
                                                    {"limit", kLimit, kLimitCode},
                                                    {"page", kLimit, kLimitCode},
                                                    {"page_size", kLimit, kLimitCode}}};

}  // namespace

absl::Status InWordsOfV0(const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) return status;
  const std::string text(status.message());
  const std::string parameter = text.substr(0, text.find(':'));
  for (const KnownWords& words : kKnownWords) {
    if (words.parameter != parameter) continue;
    absl::Status worded =
        absl::InvalidArgumentError(absl::StrCat(words.before, text, " (", words.code, ")"));
    status.ForEachPayload(
        [&](absl::string_view url, const absl::Cord& payload) { worded.SetPayload(url, payload); });
    return worded;
  }
  return status;
}

}  // namespace clv::query
