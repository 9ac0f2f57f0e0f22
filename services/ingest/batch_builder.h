// services/ingest/batch_builder.h: from rows to what goes into the log and the quarantine.
#ifndef CLV_SERVICES_INGEST_BATCH_BUILDER_H_
#define CLV_SERVICES_INGEST_BATCH_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/raw_row.h"
#include "common/domain/row_condition.h"
#include "common/domain/row_rules.h"
#include "common/storage/storage.h"
#include "common/wire/log_codec.h"
#include "services/ingest/erased_customers.h"

namespace clv::ingest {

// Bytes of raw text that the quarantine keeps of a row, and of each of its values.
inline constexpr size_t kMaxRawBytes = 16 << 10;

// Refused rows that an answer lists.
inline constexpr size_t kMaxListedRefusals = 20;

// A refused row as the answer shows it.
struct Refusal {
  uint64_t row = 0;         // index in the request, from 0
  std::string column;       // the first broken one; empty when the row is no object
  std::string description;  // `purchase_amount: got 'abc', want ...`
};

// All that one request writes, in one transaction.
struct PreparedWrite {
  domain::DataSource data_source = domain::DataSource::kCustomers;  // of its rows
  std::vector<storage::LogBatch> batches;  // in order; several when the rows fill several records
  uint64_t accepted_rows = 0;
  uint64_t refused_rows = 0;         // those below included
  uint64_t refused_erased_rows = 0;  // refused for an erased customer, and kept nowhere
  std::vector<Refusal> refusals;     // the first kMaxListedRefusals
  size_t bytes = 0;                  // about what `batches` occupies
  uint64_t erased_generation = 0;    // of the erased customers that the rows were held against

  uint64_t rows() const { return accepted_rows + refused_rows; }
};

// Checks the rows of one request one after another. Thread-compatible.
class BatchBuilder {
 public:
  struct Options {
    domain::DataSource data_source = domain::DataSource::kCustomers;
    int64_t received_at_seconds = 0;  // UTC; also what "now" means for the rows' instants
    std::string import_id;            // names the request in the quarantine
    uint64_t first_row = 0;           // index of the first row, in a stream of requests
    size_t max_record_bytes = 8 << 20;
    size_t max_record_rows = 50'000;
    std::string load_id = {};    // not empty: the records are staged for this load
    bool wants_outcome = false;  // somebody will ask what the fold of the records did
    // Rows of these customers are refused without a trace; may be null. Must outlive the builder,
    // as the next.
    const ErasedCustomers* erased = nullptr;
    // Valid rows that do not meet it are refused; null: none.
    const domain::RowCondition* must_meet = nullptr;
  };

  explicit BatchBuilder(Options options);

  // Takes a row. `raw`: its text as it was sent; absent for rows that came as messages, whose JSON
  // form is kept instead.
  void AddRow(const domain::RawRow& row, std::optional<std::string_view> raw);

  // Takes a text that is no row. `error`: what was got and wanted; `reason`: what was wanted alone,
  // see domain::BrokenColumn.
  void AddText(std::string_view raw, const std::string& error, const std::string& reason);

  uint64_t refused_rows() const { return write_.refused_rows; }
  uint64_t rows() const { return write_.rows(); }

  // About what the rows occupy so far.
  size_t bytes() const { return write_.bytes + rows_bytes_; }

  // Ends the request and hands its writes over.
  PreparedWrite Finish();

 private:
  // Keeps the row for the log, or returns the columns that break a rule.
  std::vector<domain::BrokenColumn> Check(const domain::RawRow& row);
  // Whether the row that was looked at last is kept; else nothing is left of it.
  bool KeepIfMeant();
  void RefuseErased();
  void ListRefusal(Refusal refusal);
  void Quarantine(storage::QuarantinedRow row, std::string_view raw, Refusal refusal);
  void CloseRecord();

  const Options options_;
  size_t kept_rows() const { return rows_.size() + purchases_.row_count(); }

  wire::LogRows rows_;  // without purchases
  wire::PurchaseBatchWriter purchases_;
  domain::PurchaseView purchase_;  // the last that was looked at; its texts are the row's
  size_t rows_bytes_ = 0;
  std::vector<storage::QuarantinedRow> quarantined_;
  PreparedWrite write_;
};

// A random name of a request: 32 hexadecimal digits in the form of a UUID.
std::string NewImportId();

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_BATCH_BUILDER_H_
