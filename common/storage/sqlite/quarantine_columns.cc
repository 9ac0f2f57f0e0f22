#include "common/storage/sqlite/quarantine_columns.h"

#include <cstdint>
#include <optional>

#include "absl/status/status.h"

namespace clv::storage {
namespace {

void AppendText(std::string_view text, std::string* out) {
  for (int shift = 0; shift < 32; shift += 8) {
    out->push_back(static_cast<char>((text.size() >> shift) & 0xff));
  }
  out->append(text);
}

std::optional<std::string> TakeText(std::string_view* bytes) {
  if (bytes->size() < 4) return std::nullopt;
  uint32_t length = 0;
  for (int i = 0; i < 4; ++i) {
    length |= static_cast<uint32_t>(static_cast<unsigned char>((*bytes)[i])) << (8 * i);
  }
  bytes->remove_prefix(4);
  if (bytes->size() < length) return std::nullopt;
  std::string text(bytes->substr(0, length));
  bytes->remove_prefix(length);
  return text;
}

}  // namespace

std::string EncodeColumns(const std::vector<QuarantinedColumn>& columns) {
  std::string bytes;
  for (const QuarantinedColumn& column : columns) {
    AppendText(column.name, &bytes);
    bytes.push_back(column.raw ? 1 : 0);
    AppendText(column.raw.value_or(""), &bytes);
    AppendText(column.error, &bytes);
  }
  return bytes;
}

absl::StatusOr<std::vector<QuarantinedColumn>> DecodeColumns(std::string_view bytes) {
  std::vector<QuarantinedColumn> columns;
  const absl::Status broken = absl::DataLossError("a quarantined row's columns are damaged");
  while (!bytes.empty()) {
    const std::optional<std::string> name = TakeText(&bytes);
    if (!name || bytes.empty()) return broken;
    const bool has_raw = bytes.front() == 1;
    bytes.remove_prefix(1);
    std::optional<std::string> raw = TakeText(&bytes);
    const std::optional<std::string> error = TakeText(&bytes);
    if (!raw || !error) return broken;
    if (!has_raw) raw.reset();
    columns.push_back({*name, std::move(raw), *error});
  }
  return columns;
}

}  // namespace clv::storage
