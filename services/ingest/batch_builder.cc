#include "services/ingest/batch_builder.h"

#include <openssl/rand.h>

#include <array>
#include <utility>

#include "common/base/utf8.h"

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
  size_t bytes = sizeof(row) + row.raw.size() + row.error.size() + row.reason.size();
  for (const storage::QuarantinedColumn& column : row.columns) {
    bytes += sizeof(column) + column.error.size() + column.reason.size() +
             (column.raw.has_value() ? column.raw->size() : 0);
  }
  return bytes;
}

// The id as the row's text would give it; empty when there is none.
std::string_view CustomerIdIn(DataSource data_source, const domain::RawRow& row) {
  using Kind = domain::RawValue::Kind;
  const domain::RawValue& value = data_source == DataSource::kPurchases
                                      ? row[domain::PurchaseColumn::kCustomerId]
                                      : row[domain::CustomerColumn::kCustomerId];
  if (value.kind == Kind::kNumber && value.text == "-0") return "0";
  const bool is_text = value.kind == Kind::kText || value.kind == Kind::kNumber;
  return is_text ? value.text : std::string_view();
}

static_assert(static_cast<size_t>(domain::CustomerColumn::kCustomerId) ==
              static_cast<size_t>(domain::ImportedClvColumn::kCustomerId));

constexpr char kErased[] = "the customer was erased";
constexpr char kUnmeant[] = "a row that meets replace_condition";

// Whether the last row was to be kept; else it is taken away. Null: every row is.
template <typename Record>
bool KeepIfMet(std::vector<Record>& records, const domain::RowCondition* condition) {
  if (condition == nullptr || domain::Meets(records.back(), *condition)) return true;
  records.pop_back();
  return false;
}

}  // namespace

BatchBuilder::BatchBuilder(Options options) : options_(std::move(options)) {
  write_.data_source = options_.data_source;
  if (options_.erased != nullptr) write_.erased_generation = options_.erased->generation();
}

std::vector<BrokenColumn> BatchBuilder::Check(const domain::RawRow& row) {
  const int64_t now = options_.received_at_seconds;
  switch (options_.data_source) {
    case DataSource::kCustomers:
      return KeepOrBreak(domain::CheckCustomer(row, now), rows_.customers);
    case DataSource::kPurchases:
      return domain::CheckPurchase(row, now, &purchase_);
    case DataSource::kCustomerClv:
      return KeepOrBreak(domain::CheckImportedClv(row, now), rows_.customer_clvs);
  }
  return {};
}

bool BatchBuilder::KeepIfMeant() {
  switch (options_.data_source) {
    case DataSource::kCustomers:
      return KeepIfMet(rows_.customers, options_.must_meet);
    case DataSource::kPurchases:
      if (options_.must_meet != nullptr &&
          !domain::Meets(domain::PurchaseOf(purchase_), *options_.must_meet)) {
        return false;
      }
      purchases_.Add(purchase_);
      return true;
    case DataSource::kCustomerClv:
      return KeepIfMet(rows_.customer_clvs, options_.must_meet);
  }
  return true;
}

void BatchBuilder::AddRow(const domain::RawRow& row, std::optional<std::string_view> raw) {
  // First of all: nothing of such a row is kept, well or broken.
  if (options_.erased != nullptr &&
      options_.erased->Contains(CustomerIdIn(options_.data_source, row))) {
    RefuseErased();
    return;
  }
  const std::vector<BrokenColumn> broken = Check(row);
  const bool is_unmeant = broken.empty() && !KeepIfMeant();
  if (broken.empty() && !is_unmeant) {
    ++write_.accepted_rows;
    rows_bytes_ += TextBytes(row);
    if (rows_bytes_ >= options_.max_record_bytes || kept_rows() >= options_.max_record_rows)
      CloseRecord();
    return;
  }
  const std::string json =
      raw.has_value() ? std::string() : domain::JsonOf(options_.data_source, row);
  storage::QuarantinedRow refused{.columns = QuarantinedColumns(options_.data_source, row, broken)};
  Refusal refusal;
  if (is_unmeant) {
    refused.error = std::string("got another row, want ") + kUnmeant;
    refused.reason = kUnmeant;
    refusal.description = refused.error;
  } else {
    refusal.column = domain::ColumnsOf(options_.data_source)[broken.front().place].name;
    refusal.description = broken.front().error;
  }
  Quarantine(std::move(refused), raw.value_or(json), std::move(refusal));
}

void BatchBuilder::AddText(std::string_view raw, const std::string& error,
                           const std::string& reason) {
  Quarantine({.error = error, .reason = reason}, raw, {.description = error});
}

void BatchBuilder::RefuseErased() {
  ListRefusal({.column = "customer_id", .description = kErased});
  ++write_.refused_rows;
  ++write_.refused_erased_rows;
}

void BatchBuilder::ListRefusal(Refusal refusal) {
  refusal.row = options_.first_row + write_.rows();
  if (write_.refusals.size() < kMaxListedRefusals) write_.refusals.push_back(std::move(refusal));
}

void BatchBuilder::Quarantine(storage::QuarantinedRow row, std::string_view raw, Refusal refusal) {
  row.data_source = options_.data_source;
  row.import_id = options_.import_id;
  row.inserted_at_seconds = options_.received_at_seconds;
  // A bad byte becomes three, so the beginning is enough.
  const std::string valid = ToValidUtf8(raw.substr(0, kMaxRawBytes + 4));
  row.raw = std::string(CutUtf8(valid, kMaxRawBytes));
  row.raw_length = raw.size();
  ListRefusal(std::move(refusal));
  write_.bytes += BytesOf(row);
  ++write_.refused_rows;
  quarantined_.push_back(std::move(row));
}

void BatchBuilder::CloseRecord() {
  if (kept_rows() == 0) return;
  rows_.received_at_seconds = options_.received_at_seconds;
  rows_.load_id = options_.load_id;
  rows_.wants_outcome = options_.wants_outcome;
  storage::NewRecord record{.data_source = options_.data_source,
                            .received_at_seconds = options_.received_at_seconds,
                            .row_count = static_cast<uint32_t>(kept_rows()),
                            .payload = wire::EncodeLogRecord(rows_, purchases_.Take()),
                            .load_id = options_.load_id};
  write_.bytes += record.payload.size();
  write_.batches.push_back({.record = std::move(record)});
  rows_ = {};
  rows_bytes_ = 0;
}

PreparedWrite BatchBuilder::Finish() {
  CloseRecord();
  if (!quarantined_.empty() || write_.refused_erased_rows > 0) {
    if (write_.batches.empty()) write_.batches.emplace_back();
    write_.batches.back().quarantined = std::move(quarantined_);
    write_.batches.back().refused_erased_rows = write_.refused_erased_rows;
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
