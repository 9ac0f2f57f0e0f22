// common/domain/row_condition.h: conditions on rows, as deletion and replacement take them.
//
// A small language, never handed to a database:
//   condition  = term {"or" term};  term = factor {"and" factor}
//   factor     = "not" factor | "(" condition ")" | predicate
//   predicate  = column comparison literal          comparison: = == != <> < <= > >=
//              | column ["not"] "in" "(" literal {"," literal} ")"
//              | column ["not"] "between" literal "and" literal
//              | column "is" ["not"] "null"
// Words in either case. Literals: texts and instants in single quotes (a quote inside is doubled or
// escaped by a backslash), numbers, true, false; toDate(...) and toDateTime(...) around an instant
// are allowed. A plain date is its midnight. A comparison with an absent value is neither met nor
// not met, as in SQL.
#ifndef CLV_COMMON_DOMAIN_ROW_CONDITION_H_
#define CLV_COMMON_DOMAIN_ROW_CONDITION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/domain/data_sources.h"
#include "common/domain/records.h"

namespace clv::domain {

// Longest text of a condition, deepest nesting (protobuf reads no deeper messages than that needs),
// and most predicates.
inline constexpr size_t kMaxConditionBytes = 1 << 20;
inline constexpr int kMaxConditionDepth = 24;
inline constexpr size_t kMaxConditionNodes = 100'000;

// A parsed condition on the rows of one data source.
struct RowCondition {
  enum class Kind : uint8_t {
    kAnd,          // every operand is met
    kOr,           // some operand is met
    kNot,          // its one operand is not met
    kIsNull,       // the column is absent
    kEqual,        // the column equals the literal
    kLess,         // ... is less than it
    kLessOrEqual,  // ... is less than or equal to it
  };

  Kind kind = Kind::kAnd;
  std::vector<RowCondition> operands;  // of kAnd, kOr, kNot
  size_t place = 0;                    // of the column in ColumnsOf(data source)
  std::string text;                    // literal of a text column
  int64_t number = 0;                  // literal of any other: UTC seconds, micros, a count, 0 or 1

  bool operator==(const RowCondition&) const = default;
};

// The condition that `text` says. INVALID_ARGUMENT with a phrase "at byte 12: got '...', want ..."
// for anything else, an unknown column, a literal that the column cannot be compared with, or a
// text beyond the limits.
absl::StatusOr<RowCondition> ParseRowCondition(DataSource data_source, std::string_view text);

// Whether the row meets the condition, whose places must be those of the row's data source.
bool Meets(const Customer& row, const RowCondition& condition);
bool Meets(const Purchase& row, const RowCondition& condition);
bool Meets(const ImportedClv& row, const RowCondition& condition);

// Ids outside of which no row can meet the condition, sorted: from comparisons of `customer_id`
// with texts that every row must meet. Absent when the condition does not say.
std::optional<std::vector<std::string>> OnlyCustomers(DataSource data_source,
                                                      const RowCondition& condition);

// A row's text in the column at `place`; empty when it is absent, or the column holds no text.
std::string_view TextAt(const Customer& row, size_t place);
std::string_view TextAt(const Purchase& row, size_t place);
std::string_view TextAt(const ImportedClv& row, size_t place);

// Whether the column holds text (compared with `RowCondition::text`).
bool IsTextColumn(ColumnType type);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_ROW_CONDITION_H_
