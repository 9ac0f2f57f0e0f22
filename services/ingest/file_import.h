// services/ingest/file_import.h: one file on its way into the log.
#ifndef CLV_SERVICES_INGEST_FILE_IMPORT_H_
#define CLV_SERVICES_INGEST_FILE_IMPORT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "services/ingest/batch_builder.h"
#include "services/ingest/file_body.h"
#include "services/ingest/file_request.h"
#include "services/ingest/job_board.h"
#include "services/ingest/row_splitter.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// What became of a file.
struct FileResult {
  std::string import_id;  // of its rows in the quarantine, and of its job
  domain::DataSource data_source = domain::DataSource::kCustomers;
  int64_t begun_at_seconds = 0;
  int64_t ended_at_seconds = 0;
  uint64_t successful_rows = 0;
  uint64_t refused_rows = 0;          // the invalid lines included
  uint64_t invalid_lines = 0;         // text that is no row at all
  storage::LogPosition position = 0;  // of the last record; 0 when there is none
};

// Takes a file in pieces: unwraps it, finds its rows, and writes them in batches. While one batch
// is being written the next one is made, and no more: so the memory is that of two batches (4 MiB
// each), one piece and one row, whatever the file's size. A job on the board tells of it.
// Everything here blocks until there is room and the write before is durable; not to be called on
// threads that must not. Thread-compatible.
//
// Appending: what is written stays, also when the file ends with an error. Replacing: the rows are
// staged, and Finish makes them count in one record; without it nothing has happened.
class FileImport final : private RowSink {
 public:
  struct Options {
    WriteQueue* queue = nullptr;  // must outlive the import, as the others
    JobBoard* jobs = nullptr;
    const Clock* clock = nullptr;
    const ErasedCustomers* erased = nullptr;  // null: nobody ever is
    // Called just before rows are replaced; its error is that of the import. Null: nothing is.
    std::function<absl::Status()> before_replacing;
    size_t batch_rows = 20'000;
    size_t batch_bytes = 4 << 20;
    std::chrono::milliseconds room_wait{60'000};  // for the queue to have room
  };

  // Rows refused without one valid row after which a file is not read on: it is the wrong file.
  static constexpr uint64_t kMaxRefusedWithoutValid = 100'000;

  // Errors: those of FileBody::Open and JobBoard::Create.
  static absl::StatusOr<std::unique_ptr<FileImport>> Begin(FileRequest request, Options options);

  // Reads a piece. Errors: INVALID_ARGUMENT with its HTTP status for a file that cannot be read on;
  // those of WriteQueue. After one, call Abandon and nothing else.
  absl::Status Take(std::string_view piece);

  // There is no more: writes the rest, and replaces what is to be replaced. INVALID_ARGUMENT also
  // for an empty file, and for a replacement without a valid row but with refused ones. ABORTED
  // when a customer was erased while a replacement was staged. Otherwise as Take.
  absl::StatusOr<FileResult> Finish();

  // Ends the job by this error and forgets what was staged, unless Finish was OK.
  void Abandon(const absl::Status& error);

  const FileRequest& request() const { return request_; }

  // Valid rows that are durable and count.
  uint64_t appended_rows() const { return request_.replaces ? 0 : result_.successful_rows; }

 private:
  // A batch that is being written.
  struct InFlight {
    uint64_t accepted_rows = 0;
    uint64_t refused_rows = 0;
    std::future<absl::StatusOr<Written>> written;
  };

  FileImport(FileRequest request, const Options& options);

  absl::Status AddRow(const domain::RawRow& row, std::optional<std::string_view> raw) override;
  absl::Status AddText(std::string_view raw, const std::string& error,
                       const std::string& reason) override;
  absl::Status AddInvalidLine(std::string_view raw, const std::string& error,
                              const std::string& reason) override;

  ByteSink ToRows();
  void BeginBatch();
  absl::Status FlushIfFull();
  // Sends the batch off, once the one before is durable.
  absl::Status Flush();
  absl::Status AwaitWrite();
  void TellJob() const;
  absl::Status BeginStaging();
  absl::Status CommitLoad();
  std::string WhyRefused() const;

  const FileRequest request_;
  const Options options_;
  FileResult result_;
  std::unique_ptr<FileBody> body_;
  std::unique_ptr<RowSplitter> splitter_;
  std::optional<BatchBuilder> batch_;
  uint64_t rows_before_batch_ = 0;
  std::string first_refusal_;
  std::optional<InFlight> in_flight_;
  bool is_staging_ = false;
  bool has_ended_ = false;
  uint64_t erased_before_ = 0;  // customers, when staging began
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_FILE_IMPORT_H_
