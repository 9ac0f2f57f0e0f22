#include "tests/model/parameters.h"

#include <algorithm>
#include <regex>

#include "tests/model/instants.h"

namespace clv::model {
namespace {

bool Passes(const std::set<std::string>& wanted, const std::string& value) {
  return wanted.empty() || wanted.count(value) > 0;
}

std::string Trim(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

// Digits only; nullopt for anything else and beyond 10^18.
std::optional<int64_t> IntegerFromDigits(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  const std::string digits = text.substr(std::min(text.find_first_not_of('0'), text.size() - 1));
  if (digits.size() > 18) return std::nullopt;
  return std::stoll(digits);
}

}  // namespace

bool Filters::Pass(const Customer& customer) const {
  return Passes(country, customer.country) && Passes(customer_segment, customer.customer_segment) &&
         Passes(acquisition_source, customer.acquisition_source);
}

Slice SliceOf(int64_t total, const Paging& paging, std::optional<int64_t> default_limit) {
  if (!paging.given() && !default_limit.has_value()) return {0, total};
  const int64_t size =
      paging.page_size.value_or(paging.limit.value_or(default_limit.value_or(100)));
  const BigInt begin = BigInt(paging.page.value_or(0)) * size;
  const BigInt end = begin + size;
  return {std::min<BigInt>(begin, total).convert_to<int64_t>(),
          std::min<BigInt>(end, total).convert_to<int64_t>()};
}

std::set<std::string> Parameters::List(const std::string& name) const {
  std::set<std::string> wanted;
  const auto [begin, end] = parameters_.equal_range(name);
  for (auto entry = begin; entry != end; ++entry) {
    wanted.insert(entry->second);
    for (const std::string& part : SplitAtCommas(entry->second)) wanted.insert(Trim(part));
  }
  wanted.erase("");
  return wanted;
}

std::optional<int64_t> Parameters::Integer(const std::string& name, int64_t smallest,
                                           int64_t greatest) {
  const std::optional<std::string> value = Value(name);
  if (!value.has_value()) return std::nullopt;
  const std::optional<int64_t> number = IntegerFromDigits(*value);
  if (!number.has_value() || *number < smallest || *number > greatest) return Refuse(name);
  return number;
}

BigReal Parameters::Real(const std::string& name, const std::string& default_value,
                         bool (*inside)(const BigReal&)) {
  static const std::regex kForm(R"([+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?)");
  const std::string value = Value(name).value_or(default_value);
  if (std::regex_match(value, kForm)) {
    const BigReal number(value);
    if (inside(number)) return number;
  }
  Refuse(name);
  return BigReal(default_value);
}

std::string Parameters::Choice(const std::string& name, const std::vector<std::string>& choices) {
  const std::string value = Value(name).value_or(choices[0]);
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  Refuse(name);
  return choices[0];
}

std::vector<int64_t> Parameters::Buckets(const std::vector<int64_t>& defaults) {
  const std::optional<std::string> value = Value("buckets");
  if (!value.has_value()) return defaults;
  std::vector<int64_t> bounds;
  for (const std::string& part : SplitAtCommas(*value)) {
    const std::optional<int64_t> bound = IntegerFromDigits(part);
    const bool fits =
        bound.has_value() && (bounds.empty() ? *bound == defaults[0] : *bound > bounds.back());
    if (!fits) {
      Refuse("buckets");
      return defaults;
    }
    bounds.push_back(*bound);
  }
  return bounds;
}

std::optional<int64_t> Parameters::AsOf() {
  if (Value("as_of") == "now") return now_;
  return Instant("as_of", true);
}

Window Parameters::ReadWindow() {
  Window window;
  const std::optional<int64_t> start = Instant("start_date", false);
  const std::optional<int64_t> end = Instant("end_date", true);
  window.given = start.has_value() || end.has_value();
  if (start.has_value()) window.start = *start;
  if (end.has_value()) window.end = *end;
  return window;
}

Filters Parameters::ReadFilters() const {
  return {List("country"), List("customer_segment"), List("acquisition_source")};
}

Paging Parameters::ReadPaging() {
  Paging paging;
  paging.limit = Integer("limit", 0, 100'000);
  paging.page = Integer("page", 0, std::numeric_limits<int64_t>::max());
  paging.page_size = Integer("page_size", 0, 100'000);
  return paging;
}

std::optional<std::string> Parameters::Value(const std::string& name) const {
  const auto [begin, end] = parameters_.equal_range(name);
  if (begin == end || std::prev(end)->second.empty()) return std::nullopt;
  return std::prev(end)->second;
}

std::optional<int64_t> Parameters::Instant(const std::string& name, bool plain_date_is_its_end) {
  const std::optional<std::string> value = Value(name);
  if (!value.has_value()) return std::nullopt;
  const std::optional<ParsedInstant> parsed = ParseInstant(*value);
  if (!parsed.has_value()) return Refuse(name);
  const bool move_to_end = parsed->plain_date && plain_date_is_its_end;
  return move_to_end ? parsed->seconds + kSecondsPerDay - 1 : parsed->seconds;
}

std::nullopt_t Parameters::Refuse(const std::string& name) {
  if (!error_.has_value()) error_ = Error{name};
  return std::nullopt;
}

}  // namespace clv::model
