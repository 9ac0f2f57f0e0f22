// services/ingest/row_export.h: all rows of a data source as a file that loads again.
#ifndef CLV_SERVICES_INGEST_ROW_EXPORT_H_
#define CLV_SERVICES_INGEST_ROW_EXPORT_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/domain/records.h"
#include "common/storage/clv_store.h"

namespace clv::ingest {

enum class ExportFormat { kCsv, kNdjson };

// Gives the winning rows of one state of the store, in the order of their keys (purchases: of
// customer and purchase), as text: NDJSON without absent values, or CSV (RFC 4180) with a header,
// where an absent value is empty. Holds a reading transaction, and in memory one piece.
// Thread-compatible; calls may come from different threads.
class RowExport {
 public:
  struct Options {
    domain::DataSource data_source = domain::DataSource::kCustomers;
    ExportFormat format = ExportFormat::kCsv;
    size_t piece_bytes = 256 << 10;  // about; a piece is a number of whole rows
  };

  // Fixes the state. Errors: those of ClvReader::Read; `facts` is not needed afterwards.
  static absl::StatusOr<std::unique_ptr<RowExport>> Begin(storage::ClvReader& facts,
                                                          const Options& options);

  // The next rows, of CSV at first the header; empty after the last row. Errors: those of the
  // store.
  absl::StatusOr<std::string> Next();

  // The last log position that the state contains.
  storage::LogPosition folded_position() const { return state_->checkpoint(); }

 private:
  RowExport(std::unique_ptr<storage::ClvReadTransaction> state, const Options& options)
      : state_(std::move(state)), options_(options) {}

  // Adds the next rows to `text`; the number of them, 0 after the last.
  absl::StatusOr<size_t> AddRows(std::string& text);

  const std::unique_ptr<storage::ClvReadTransaction> state_;
  const Options options_;
  bool has_begun_ = false;
  storage::PurchaseKey last_;  // of which the other data sources use the customer only
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ROW_EXPORT_H_
