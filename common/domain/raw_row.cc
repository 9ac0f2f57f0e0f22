#include "common/domain/raw_row.h"

#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/base/utf8.h"

namespace clv::domain {
namespace {

// Instants that FormatInstant can print: years 0 to 9999.
constexpr int64_t kFirstPrintable = -62'167'219'200;
constexpr int64_t kLastPrintable = 253'402'300'799;

bool IsPrintable(int64_t seconds) {
  return seconds >= kFirstPrintable && seconds <= kLastPrintable;
}

std::string JsonString(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20) {
      json += "\\u00";
      json += kHex[byte >> 4];
      json += kHex[byte & 15];
    } else {
      json += c;
    }
  }
  return json + "\"";
}

bool NeedsQuotes(const RawValue& value) {
  switch (value.kind) {
    case RawValue::Kind::kText:
    case RawValue::Kind::kBrokenText:
      return true;
    case RawValue::Kind::kInstant:
      return IsPrintable(value.number);
    default:
      return false;
  }
}

}  // namespace

std::optional<std::string> TextOf(const RawValue& value) {
  switch (value.kind) {
    case RawValue::Kind::kAbsent:
      return std::nullopt;
    case RawValue::Kind::kText:
    case RawValue::Kind::kBrokenText:
    case RawValue::Kind::kNumber:
    case RawValue::Kind::kContainer:
      return ToValidUtf8(value.text);
    case RawValue::Kind::kFlag:
      return value.number == 0 ? "false" : "true";
    case RawValue::Kind::kInteger:
      return std::to_string(value.number);
    case RawValue::Kind::kMicros:
      return FormatMicros(value.number);
    case RawValue::Kind::kInstant:
      return IsPrintable(value.number) ? FormatInstant(value.number) : std::to_string(value.number);
  }
  return std::nullopt;
}

std::string JsonOf(DataSource data_source, const RawRow& row) {
  std::string json = "{";
  size_t place = 0;
  for (const Column& column : ColumnsOf(data_source)) {
    const RawValue& value = row.values[place++];
    const std::optional<std::string> text = TextOf(value);
    if (!text.has_value()) continue;
    if (json.size() > 1) json += ',';
    json += '"';
    json += column.name;
    json += "\":";
    json += NeedsQuotes(value) ? JsonString(*text) : *text;
  }
  return json + "}";
}

}  // namespace clv::domain
