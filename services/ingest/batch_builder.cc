#include "services/ingest/batch_builder.h"

#include <openssl/rand.h>

#include <array>
#include <utility>

#include "common/base/utf8.h"
#include "common/domain/row_rules.h"

namespace clv::ingest {
namespace {

using domain::BrokenColumn;
using domain::CheckedRow;
using domain::DataSource;

// About what a record takes up beside its texts.
constexpr size_t kRowBytes = 96;

size_t TextBytes(const domain::RawRow& row) {
  size_t bytes = kRowBytes;
  for (const domain::RawValue& value : row.values) bytes += value.text.size();
  return bytes;
}

// Keeps the record and returns nothing, or returns the columns that break a rule.
template <typename Record>
std::vector<BrokenColumn> KeepOrBreak(CheckedRow<Record> checked, std::vector<Record>& records) {
  if (checked.ok()) records.push_back(std::move(checked.record));
  return std::move(checked.broken);
}

std::vector<storage::QuarantinedColumn> QuarantinedColumns(
    DataSource data_source, const domain::RawRow& row, const std::vector<BrokenColumn>& broken) {
  std::vector<storage::QuarantinedColumn> columns;
  size_t place = 0;
  auto next_broken = broken.begin();
  for (const domain::Column& column : domain::ColumnsOf(data_source)) {
    storage::QuarantinedColumn quarantined{.name = std::string(column.name)};
    if (const std::optional<std::string> text = domain::TextOf(row.values[place])) {
      quarantined.raw = std::string(CutUtf8(*text, kMaxRawBytes));
    }
    if (next_broken != broken.end() && next_broken->place == place) {
      quarantined.error = next_broken->error;
      quarantined.reason = next_broken->reason;
      ++next_broken;
    }
    columns.push_back(std::move(quarantined));
    ++place;
  }
  return columns;
}

size_t BytesOf(const storage::QuarantinedRow& row) {
  size_t bytes = sizeof(row) + row.raw.size() + row.error.size();
  for (const storage::QuarantinedColumn& column : row.columns) {
    bytes +=
        sizeof(column) + column.error.size() + (column.raw.has_value() ? column.raw->size() : 0);
  }
  return bytes;
}

}  // namespace

BatchBuilder::BatchBuilder(Options options) : options_(std::move(options)) {
  write_.data_source = options_.data_source;
}

void BatchBuilder::AddRow(const domain::RawRow& row, std::optional<std::string_view> raw) {
  const int64_t now = options_.received_at_seconds;
  std::vector<BrokenColumn> broken;
  switch (options_.data_source) {
    case DataSource::kCustomers:
      broken = KeepOrBreak(domain::CheckCustomer(row, now), rows_.customers);
      break;
    case DataSource::kPurchases:
      broken = KeepOrBreak(domain::CheckPurchase(row, now), rows_.purchases);
      break;
    case DataSource::kCustomerClv:
      broken = KeepOrBreak(domain::CheckImportedClv(row, now), rows_.customer_clvs);
      break;
  }
  if (!broken.empty()) {
    const std::string json =
        raw.has_value() ? std::string() : domain::JsonOf(options_.data_source, row);
    Refusal refusal{
        .column = std::string(domain::ColumnsOf(options_.data_source)[broken.front().place].name),
        .description = broken.front().error};
    Quarantine({.columns = QuarantinedColumns(options_.data_source, row, broken)},
               raw.value_or(json), std::move(refusal));
    return;
  }
  ++write_.accepted_rows;
  rows_bytes_ += TextBytes(row);
  if (rows_bytes_ >= options_.max_record_bytes || rows_.size() >= options_.max_record_rows)
    CloseRecord();
}

void BatchBuilder::AddText(std::string_view raw, const std::string& error,
                           const std::string& reason) {
  Quarantine({.error = error, .reason = reason}, raw, {.description = error});
}

void BatchBuilder::Quarantine(storage::QuarantinedRow row, std::string_view raw, Refusal refusal) {
  row.data_source = options_.data_source;
  row.import_id = options_.import_id;
  row.inserted_at_seconds = options_.received_at_seconds;
  // A bad byte becomes three, so the beginning is enough.
  const std::string valid = ToValidUtf8(raw.substr(0, kMaxRawBytes + 4));
  row.raw = std::string(CutUtf8(valid, kMaxRawBytes));
  row.raw_length = raw.size();
  refusal.row = options_.first_row + write_.rows();
  if (write_.refusals.size() < kMaxListedRefusals) write_.refusals.push_back(std::move(refusal));
  write_.bytes += BytesOf(row);
  ++write_.refused_rows;
  quarantined_.push_back(std::move(row));
}

void BatchBuilder::CloseRecord() {
  if (rows_.size() == 0) return;
  rows_.received_at_seconds = options_.received_at_seconds;
  storage::NewRecord record{.data_source = options_.data_source,
                            .received_at_seconds = options_.received_at_seconds,
                            .row_count = static_cast<uint32_t>(rows_.size()),
                            .payload = wire::EncodeLogRecord(rows_)};
  write_.bytes += record.payload.size();
  write_.batches.push_back({.record = std::move(record)});
  rows_ = {};
  rows_bytes_ = 0;
}

PreparedWrite BatchBuilder::Finish() {
  CloseRecord();
  if (!quarantined_.empty()) {
    if (write_.batches.empty()) write_.batches.emplace_back();
    write_.batches.back().quarantined = std::move(quarantined_);
  }
  return std::move(write_);
}

std::string NewImportId() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, 16> bytes{};
  // Names need not be secret: should the generator fail, a name of zeros harms nobody.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) bytes.fill(0);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string id;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += kHex[bytes[i] >> 4];
    id += kHex[bytes[i] & 15];
  }
  return id;
}

}  // namespace clv::ingest
