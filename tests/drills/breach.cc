#include "tests/drills/breach.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/storage/sqlite/quarantine_reader.h"
#include "services/aggregation/recompute.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::drills {
namespace {

using storage::DataSource;
using storage::LogPosition;

std::string InstantText(const std::optional<int64_t>& seconds) {
  return seconds ? FormatInstant(*seconds) : "null";
}

std::string TextOf(const storage::CustomerValue& value) {
  return CustomerText(
      {value.attributes.country, value.attributes.customer_segment,
       value.attributes.acquisition_source, InstantText(value.signup_date),
       InstantText(value.summary.first_purchase_date),
       InstantText(value.summary.last_purchase_date),
       FormatMicros(value.summary.total_spend_micros), FormatMicros(value.summary.refunded_micros),
       std::to_string(value.summary.purchase_count), FormatInstant(value.updated_at)});
}

std::string QuarantineBreach(const std::string& directory, const Expectation& expectation) {
  storage::SqliteQuarantineReader reader(LogPath(directory));
  for (const DataSource source :
       {DataSource::kCustomers, DataSource::kPurchases, DataSource::kCustomerClv}) {
    const auto found = expectation.refused.find(source);
    const std::vector<std::string> expected =
        found == expectation.refused.end() ? std::vector<std::string>() : found->second;
    const auto rows = reader.ListAfter(source, 0, 1'000'000);
    const auto count = reader.Count(source);
    if (!rows.ok()) return rows.status().ToString();
    if (!count.ok()) return count.status().ToString();
    if (*count != rows->size()) return "the quarantine is counted wrong";
    if (rows->size() < expected.size()) return "a refused row is lost";
    if (rows->size() > expected.size()) return "a refused row is doubled";
    for (size_t i = 0; i < expected.size(); ++i) {
      if ((*rows)[i].raw != expected[i]) return "a refused row is another one: " + (*rows)[i].raw;
    }
  }
  return "";
}

std::string LogBreach(Site& site, const Book& book) {
  const LogPosition first = site.log().FirstRetainedPosition();
  if (first == 0) return "";
  const auto records = site.reader().ReadAfter(first - 1, 1'000'000'000);
  if (!records.ok()) return records.status().ToString();
  if (records->back().position != site.log().LastPosition()) return "the log ends too early";
  for (const storage::LoggedRecord& record : *records) {
    if (record.payload != book.at(record.position).write.batches.front().record->payload) {
      return absl::StrCat("the record at ", record.position, " is not what was sent");
    }
  }
  return "";
}

std::string ValuesBreach(Site& site, const Expectation& expectation) {
  const auto read = site.store().Read();
  if (!read.ok()) return read.status().ToString();
  const auto totals = (*read)->Totals();
  if (!totals.ok()) return totals.status().ToString();
  if (totals->rows != expectation.rows) {
    return absl::StrCat(totals->rows < expectation.rows ? "a row is lost: " : "a row is doubled: ",
                        totals->rows, " folded, ", expectation.rows, " sent");
  }
  if (totals->removed_rows != expectation.removed_rows) return "a deletion removed other rows";
  const auto ids = (*read)->CustomersAfter("", 1'000'000);
  if (!ids.ok()) return ids.status().ToString();
  const auto values = (*read)->FindValues(*ids);
  if (!values.ok()) return values.status().ToString();
  size_t expected_values = 0;
  for (const auto& [id, value] : *values) {
    const auto expected = expectation.customers.find(id);
    if (expected == expectation.customers.end()) {
      // Reports do not show who has rows in other currencies only.
      if (value.described || value.imported || value.summary.visible_rows > 0) {
        return "nobody is called " + id;
      }
      continue;
    }
    ++expected_values;
    if (expected->second != TextOf(value)) {
      return absl::StrCat(id, " is ", TextOf(value), " instead of ", expected->second);
    }
  }
  return expected_values == expectation.customers.size() ? "" : "a customer is lost";
}

std::string VerifyBreach(Site& site) {
  const auto go_on = [](const auto&) { return true; };
  const auto from_facts = aggregation::VerifyFromFacts(site.store(), go_on);
  if (!from_facts.ok()) return from_facts.status().ToString();
  if (from_facts->difference_count != 0) return "values differ from the facts";
  if (site.log().FirstRetainedPosition() != 1) return "";
  const TempDirectory directory;
  auto scratch = storage::SqliteClvStore::Open({.path = StorePath(directory.path())});
  if (!scratch.ok()) return scratch.status().ToString();
  const auto from_log =
      aggregation::VerifyFromLog(site.store(), site.reader(), **scratch, "USD", go_on);
  if (!from_log.ok()) return from_log.status().ToString();
  return from_log->difference_count == 0 ? "" : "values differ from the log";
}

}  // namespace

uint64_t Book::RowsUntil(LogPosition last) const {
  uint64_t rows = 0;
  for (LogPosition position = 1; position <= last; ++position) rows += at(position).write.rows();
  return rows;
}

const Expectation& Book::Until(LogPosition last) {
  const auto found = expectations_.find(last);
  if (found != expectations_.end()) return found->second;
  return expectations_
      .emplace(last, ExpectationOf({in_log_order_.begin(),
                                    in_log_order_.begin() + static_cast<int64_t>(last)}))
      .first->second;
}

std::string Breach(const std::string& directory, Book& book, LogPosition acknowledged) {
  auto opened = Site::Open(directory);
  if (!opened.ok()) return opened.status().ToString();
  Site& site = **opened;
  const LogPosition last = site.log().LastPosition();
  if (last < acknowledged) return "an acknowledged record is lost";
  if (last > book.size()) return "the log holds more than was sent";
  const auto checkpoint = site.store().Checkpoint();
  if (!checkpoint.ok()) return checkpoint.status().ToString();
  if (*checkpoint > last) return "the checkpoint is beyond the log";
  const LogPosition first = site.log().FirstRetainedPosition();
  if (first == 0 ? *checkpoint != last : first > *checkpoint + 1) {
    return "the log is trimmed beyond the fold";
  }
  const Expectation& expectation = book.Until(last);
  std::string breach = QuarantineBreach(directory, expectation);
  if (breach.empty()) breach = LogBreach(site, book);
  if (!breach.empty()) return breach;
  if (const auto folded = site.FoldAll(); !folded.ok()) return folded.ToString();
  breach = ValuesBreach(site, expectation);
  return breach.empty() ? VerifyBreach(site) : breach;
}

}  // namespace clv::drills
