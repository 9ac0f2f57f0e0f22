#include "services/ingest/person_traces.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/domain/data_sources.h"
#include "common/domain/row_condition.h"

namespace clv::ingest {
namespace {

constexpr size_t kDistinctiveBytes = 5;
constexpr size_t kDistinctiveDigits = 8;

bool IsCommon(std::string_view text) {
  const bool digits_only = std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  return text.size() < (digits_only ? kDistinctiveDigits : kDistinctiveBytes);
}

bool IsWord(char c) {
  return absl::ascii_isalnum(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

// Characters that hold the parts of one id or address together.
bool IsJoint(char c) {
  return c == '-' || c == '.' || c == ':' || c == '/' || c == '@' || c == '+';
}

// Whether what comes next to a match belongs to the same word. `next` and `beyond`: the two
// characters beside it, from the match outwards; 0 where the text ends.
bool Continues(char next, char beyond) { return IsWord(next) || (IsJoint(next) && IsWord(beyond)); }

char At(std::string_view text, size_t index) { return index < text.size() ? text[index] : 0; }

bool HoldsWord(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    // Before the first character the index wraps around and is beyond the end.
    const size_t end = at + word.size();
    if (!Continues(At(text, at - 1), At(text, at - 2)) &&
        !Continues(At(text, end), At(text, end + 1))) {
      return true;
    }
  }
  return false;
}

std::optional<uint32_t> HexAt(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  uint32_t value = 0;
  for (const char c : text.substr(at, 4)) {
    if (!absl::ascii_isxdigit(c)) return std::nullopt;
    value = value * 16 +
            static_cast<uint32_t>(absl::ascii_isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

void AppendUtf8(uint32_t point, std::string* out) {
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
    return;
  }
  const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  constexpr std::array<uint32_t, 4> kLead = {0, 0xC0, 0xE0, 0xF0};
  out->push_back(static_cast<char>(kLead[more] | (point >> (6 * more))));
  for (int shift = 6 * (more - 1); shift >= 0; shift -= 6) {
    out->push_back(static_cast<char>(0x80 | ((point >> shift) & 0x3F)));
  }
}

// The text with JSON's escapes resolved wherever they stand; what is no escape stays.
std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    const char kind = text[++i];
    if (kind == 'u') {
      std::optional<uint32_t> point = HexAt(text, i + 1);
      if (!point) {
        out.push_back(' ');
        continue;
      }
      i += 4;
      const std::optional<uint32_t> low =
          (*point & 0xFC00) == 0xD800 && At(text, i + 1) == '\\' && At(text, i + 2) == 'u'
              ? HexAt(text, i + 3)
              : std::nullopt;
      if (low && (*low & 0xFC00) == 0xDC00) {
        point = 0x10000 + ((*point & 0x3FF) << 10) + (*low & 0x3FF);
        i += 6;
      }
      AppendUtf8(*point, &out);
    } else {
      out.push_back(absl::ascii_isalpha(kind) ? ' ' : kind);  // \n, \t and the like are blanks
    }
  }
  return out;
}

bool IsTextColumn(storage::DataSource data_source, std::string_view name) {
  for (const domain::Column& column : domain::ColumnsOf(data_source)) {
    if (column.name == name) return domain::IsTextColumn(column.type);
  }
  return true;
}

}  // namespace

void PersonTraces::Add(std::string_view text, bool any_case) {
  if (text.empty()) return;
  const absl::string_view view(text.data(), text.size());
  traces_.push_back({.text = any_case ? absl::AsciiStrToLower(view) : std::string(text),
                     .any_case = any_case,
                     .is_common = IsCommon(text)});
}

bool PersonTraces::InValue(const Trace& trace, std::string_view value) {
  const std::string text =
      trace.any_case ? absl::AsciiStrToLower(absl::string_view(value.data(), value.size()))
                     : std::string(value);
  return trace.is_common ? text == trace.text : HoldsWord(text, trace.text);
}

bool PersonTraces::HeldIn(std::string_view value) const {
  return std::any_of(traces_.begin(), traces_.end(),
                     [&](const Trace& trace) { return InValue(trace, value); });
}

bool PersonTraces::HeldBy(const storage::QuarantinedRow& row) const {
  const std::string plain = Unescaped(row.raw);
  const std::string plain_lower = absl::AsciiStrToLower(plain);
  const std::string raw_lower = absl::AsciiStrToLower(row.raw);
  for (const Trace& trace : traces_) {
    const std::string_view unescaped = trace.any_case ? plain_lower : plain;
    const std::string_view raw = trace.any_case ? raw_lower : row.raw;
    if (trace.is_common && !row.columns.empty()) {
      const std::string quoted = absl::StrCat("\"", trace.text, "\"");
      if (unescaped.find(quoted) != std::string_view::npos) return true;
    } else if (HoldsWord(unescaped, trace.text) || HoldsWord(raw, trace.text)) {
      return true;
    }
    for (const storage::QuarantinedColumn& column : row.columns) {
      if (trace.is_common && !IsTextColumn(row.data_source, column.name)) continue;
      if (column.raw && InValue(trace, *column.raw)) return true;
    }
  }
  return false;
}

}  // namespace clv::ingest
