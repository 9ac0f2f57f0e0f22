#ifndef CLV_TESTS_MODEL_PARAMETERS_H_
#define CLV_TESTS_MODEL_PARAMETERS_H_

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/model/exact.h"
#include "tests/model/ledger.h"
#include "tests/model/naive_model.h"

namespace clv::model {

// The instants of start_date and end_date, both inclusive.
struct Window {
  bool given = false;
  int64_t start = std::numeric_limits<int64_t>::min();
  int64_t end = std::numeric_limits<int64_t>::max();

  bool Contains(int64_t instant) const { return start <= instant && instant <= end; }
  bool IsInverted() const { return start > end; }
};

// Exact-match filters; an empty set lets everything pass.
struct Filters {
  std::set<std::string> country;
  std::set<std::string> customer_segment;
  std::set<std::string> acquisition_source;

  bool Pass(const Customer& customer) const;
};

// What limit, page and page_size ask for.
struct Paging {
  std::optional<int64_t> limit;
  std::optional<int64_t> page;
  std::optional<int64_t> page_size;

  bool given() const { return limit.has_value() || page.has_value() || page_size.has_value(); }
};

// The rows to keep out of `total`: [begin, end).
struct Slice {
  int64_t begin = 0;
  int64_t end = 0;
};
Slice SliceOf(int64_t total, const Paging& paging, std::optional<int64_t> default_limit);

// Reads parameters and remembers the first bad one; readers return the default after it.
class Parameters {
 public:
  Parameters(const std::multimap<std::string, std::string>& parameters, int64_t now)
      : parameters_(parameters), now_(now) {}

  int64_t now() const { return now_; }
  const std::optional<Error>& error() const { return error_; }

  // The set of wanted values: every value whole, and its trimmed parts between commas.
  std::set<std::string> List(const std::string& name) const;
  std::optional<int64_t> Integer(const std::string& name, int64_t smallest, int64_t greatest);
  // A decimal number; `inside` says whether it is in range.
  BigReal Real(const std::string& name, const std::string& default_value,
               bool (*inside)(const BigReal&));
  // One of `choices`, the first being the default.
  std::string Choice(const std::string& name, const std::vector<std::string>& choices);
  // Rising lower bounds of `buckets`, the first one fixed.
  std::vector<int64_t> Buckets(const std::vector<int64_t>& defaults);

  std::optional<int64_t> AsOf();  // Seconds; nullopt when absent.
  Window ReadWindow();
  Filters ReadFilters() const;
  Paging ReadPaging();

 private:
  // The last value of that name; nullopt when absent or empty.
  std::optional<std::string> Value(const std::string& name) const;
  std::optional<int64_t> Instant(const std::string& name, bool plain_date_is_its_end);
  std::nullopt_t Refuse(const std::string& name);

  const std::multimap<std::string, std::string>& parameters_;
  int64_t now_;
  std::optional<Error> error_;
};

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_PARAMETERS_H_
