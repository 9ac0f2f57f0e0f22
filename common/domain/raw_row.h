// common/domain/raw_row.h: a row as a client sent it, before any rule has been looked at.
#ifndef CLV_COMMON_DOMAIN_RAW_ROW_H_
#define CLV_COMMON_DOMAIN_RAW_ROW_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/domain/data_sources.h"

namespace clv::domain {

// One value of a row. Texts are views: the sender's buffer must outlive the value.
struct RawValue {
  enum class Kind : uint8_t {
    kAbsent,      // not there, or null
    kText,        // `text`, valid UTF-8
    kBrokenText,  // `text` is valid UTF-8 made of a text that is not Unicode
    kNumber,      // `text` is a JSON number as written
    kFlag,        // `number` is 0 or 1
    kContainer,   // `text` is the JSON of an object or an array
    kInteger,     // `number`, sent as an integer
    kMicros,      // `number`, sent as micros
    kInstant,     // `number`, sent as UTC seconds
  };

  Kind kind = Kind::kAbsent;
  std::string_view text;
  int64_t number = 0;

  static RawValue Text(std::string_view text) { return {Kind::kText, text, 0}; }
  static RawValue Number(std::string_view token) { return {Kind::kNumber, token, 0}; }
  static RawValue Flag(bool flag) { return {Kind::kFlag, {}, flag ? 1 : 0}; }
  static RawValue Integer(int64_t number) { return {Kind::kInteger, {}, number}; }
  static RawValue Micros(int64_t micros) { return {Kind::kMicros, {}, micros}; }
  static RawValue Instant(int64_t seconds) { return {Kind::kInstant, {}, seconds}; }

  // Absent for the rules: a missing key, null and "" are the same.
  bool IsAbsent() const { return kind == Kind::kAbsent || (kind == Kind::kText && text.empty()); }

  bool operator==(const RawValue&) const = default;
};

// The values by place in ColumnsOf(the row's data source); places beyond are absent.
struct RawRow {
  std::array<RawValue, kMaxColumns> values;

  template <typename ColumnPlace>
  const RawValue& operator[](ColumnPlace place) const {
    return values[static_cast<size_t>(place)];
  }
  template <typename ColumnPlace>
  RawValue& operator[](ColumnPlace place) {
    return values[static_cast<size_t>(place)];
  }

  bool operator==(const RawRow&) const = default;
};

// The value's own text as a client would send it (strings without quotes, money as a decimal,
// instants as `YYYY-MM-DD HH:MM:SS`); absent for kAbsent.
std::optional<std::string> TextOf(const RawValue& value);

// The row as a JSON object in the form that clients send, present values in column order.
std::string JsonOf(DataSource data_source, const RawRow& row);

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_RAW_ROW_H_
