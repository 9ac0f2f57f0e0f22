#include "services/ingest/erasure_steps.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/domain/data_sources.h"
#include "services/ingest/condition_traces.h"
#include "services/ingest/person_traces.h"

namespace clv::ingest {
namespace {

using storage::LogPosition;

constexpr std::chrono::milliseconds kFirstWait(2);
constexpr std::chrono::milliseconds kLongestWait(100);
// OutcomeOf knows nothing older than this many positions.
constexpr LogPosition kKnownOutcomes = 100'000;
constexpr uint64_t kRowsPerRead = 20'000;
constexpr uint64_t kQuarantinedRowsPerRead = 200;
// Appends wait for one slice at most.
constexpr size_t kSliceBytes = 4 << 20;
constexpr size_t kSliceRecords = 500;

storage::RewrittenRecord Rewritten(LogPosition position, const wire::LogRows& rows) {
  return {.position = position,
          .row_count = static_cast<uint32_t>(rows.size()),
          .payload = wire::EncodeLogRecord(rows)};
}

}  // namespace

class ErasureSteps::OneRun {
 public:
  OneRun(const Options& options, LogPosition position, const Watch& watch)
      : options_(options),
        position_(position),
        watch_(watch),
        erasures_{position},
        content_(*options.log_content, std::defer_lock) {}

  absl::Status Run() {
    CLV_ASSIGN_OR_RETURN(reader_, options_.open_log());
    CLV_ASSIGN_OR_RETURN(const wire::LogRows record, Read(position_));
    const auto* erasure = std::get_if<wire::CustomerErasure>(&record.command);
    if (erasure == nullptr) {
      return absl::DataLossError(absl::StrCat("event log: position ", position_,
                                              " is not the erasure that it is said to be"));
    }
    if (!erasure->customer_id.empty()) CLV_RETURN_IF_ERROR(RemoveTraces(*erasure));
    // Only when no file holds the id any more is the erasure forgotten.
    CLV_RETURN_IF_ERROR(Scrub());
    return Finish();
  }

 private:
  // The records of the erasures that this run carries out, without what they told.
  absl::StatusOr<std::vector<storage::RewrittenRecord>> Blanked() {
    std::vector<storage::RewrittenRecord> records;
    for (const LogPosition position : erasures_) {
      CLV_ASSIGN_OR_RETURN(wire::LogRows record, Read(position));
      record.command = wire::CustomerErasure();
      records.push_back(Rewritten(position, record));
    }
    return records;
  }

  absl::Status Finish() {
    CLV_ASSIGN_OR_RETURN(const auto records, Blanked());
    return Change([&](storage::EventLog& log) -> absl::Status {
      for (const storage::RewrittenRecord& record : records) {
        CLV_RETURN_IF_ERROR(log.FinishErasure(record));
      }
      return absl::OkStatus();
    });
  }

  absl::Status RemoveTraces(const wire::CustomerErasure& erasure) {
    CLV_RETURN_IF_ERROR(AwaitFold());
    CLV_RETURN_IF_ERROR(LockContent());
    CLV_ASSIGN_OR_RETURN(const std::string currency, ReportingCurrency());
    LogRemoval removal(erasure.customer_id, currency);
    CLV_RETURN_IF_ERROR(ForEachRecord([&](const storage::LoggedRecord& record) -> absl::Status {
      if (!removal.MayName(record.payload)) return absl::OkStatus();
      CLV_ASSIGN_OR_RETURN(const wire::LogRows rows, wire::DecodeLogRecord(record.payload));
      removal.Survey(rows);
      return absl::OkStatus();
    }));
    PersonTraces traces(erasure.customer_id);
    for (const std::string& text : erasure.known_texts) traces.AddText(text);
    for (const std::string& text : removal.texts()) traces.AddText(text);
    CLV_RETURN_IF_ERROR(CleanQuarantine(traces));
    Report(0.5);
    CLV_RETURN_IF_ERROR(CleanLog(traces, &removal));
    Report(0.9);
    return absl::OkStatus();
  }

  // Until the fold has removed the facts and nothing of them is left in its files.
  absl::Status AwaitFold() {
    while (!options_.progress->WaitUntilFolded(position_, kLongestWait)) {
      CLV_RETURN_IF_ERROR(CheckGoingOn());
    }
    for (auto wait = kFirstWait;; wait = std::min(2 * wait, kLongestWait)) {
      CLV_ASSIGN_OR_RETURN(const auto state, options_.facts->Read());
      CLV_ASSIGN_OR_RETURN(const auto outcome, state->OutcomeOf(position_));
      if (outcome || state->checkpoint() > position_ + kKnownOutcomes) {
        if (outcome) counts_.removed_rows = outcome->removed_rows;
        break;
      }
      CLV_RETURN_IF_ERROR(CheckGoingOn());
      std::this_thread::sleep_for(wait);
    }
    Report(0.3);
    return absl::OkStatus();
  }

  // Until the end of the run.
  absl::Status LockContent() {
    while (!content_.try_lock_for(kLongestWait)) CLV_RETURN_IF_ERROR(CheckGoingOn());
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReportingCurrency() {
    CLV_ASSIGN_OR_RETURN(const auto state, options_.facts->Read());
    return state->reporting_currency();
  }

  absl::Status CleanQuarantine(const PersonTraces& traces) {
    for (const domain::DataSource data_source : domain::kDataSources) {
      uint64_t after = 0;
      while (true) {
        CLV_RETURN_IF_ERROR(CheckGoingOn());
        CLV_ASSIGN_OR_RETURN(
            const std::vector<storage::QuarantinedRow> rows,
            options_.quarantine->ListAfter(data_source, after, kQuarantinedRowsPerRead));
        if (rows.empty()) break;
        after = rows.back().id;
        storage::LogBatch batch;
        for (const storage::QuarantinedRow& row : rows) {
          if (traces.HeldBy(row)) batch.resolved.push_back(row.id);
        }
        if (batch.resolved.empty()) continue;
        counts_.removed_quarantined_rows += batch.resolved.size();
        CLV_RETURN_IF_ERROR(
            Change([&](storage::EventLog& log) { return log.Append({batch}).status(); }));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CleanLog(const PersonTraces& traces, LogRemoval* removal) {
    ConditionTraces conditions(&traces);
    std::vector<LogPosition> commands;
    CLV_RETURN_IF_ERROR(ForEachRecord([&](const storage::LoggedRecord& record) -> absl::Status {
      // Commands have no rows.
      const bool may_matter =
          record.row_count == 0 ||
          (removal->NeedsAllPurchases() && record.data_source == domain::DataSource::kPurchases);
      if (!may_matter && !removal->MayName(record.payload)) return absl::OkStatus();
      CLV_ASSIGN_OR_RETURN(const wire::LogRows rows, wire::DecodeLogRecord(record.payload));
      removal->Follow(record.position, rows);
      if (conditions.Note(rows.command)) commands.push_back(record.position);
      return absl::OkStatus();
    }));
    removal->Finish();
    CLV_RETURN_IF_ERROR(Edit(removal->edits_of_others()));
    CLV_RETURN_IF_ERROR(Edit(removal->edits_of_own()));
    // After the rows: they were followed with the conditions as they are.
    CLV_RETURN_IF_ERROR(CleanCommands(commands, &conditions));
    erasures_.insert(erasures_.end(), removal->earlier_erasures().begin(),
                     removal->earlier_erasures().end());
    CLV_ASSIGN_OR_RETURN(const auto blanked, Blanked());
    return Change([&](storage::EventLog& log) { return log.ReplaceRecords(blanked); });
  }

  absl::Status CleanCommands(const std::vector<LogPosition>& commands,
                             ConditionTraces* conditions) {
    if (conditions->WantsRows()) {
      CLV_RETURN_IF_ERROR(ForEachRecord([&](const storage::LoggedRecord& record) -> absl::Status {
        CLV_ASSIGN_OR_RETURN(const wire::LogRows rows, wire::DecodeLogRecord(record.payload));
        conditions->Meet(rows);
        return absl::OkStatus();
      }));
    }
    std::vector<storage::RewrittenRecord> cleaned;
    for (const LogPosition position : commands) {
      CLV_ASSIGN_OR_RETURN(wire::LogRows record, Read(position));
      conditions->Clean(&record.command);
      cleaned.push_back(Rewritten(position, record));
    }
    if (cleaned.empty()) return absl::OkStatus();
    return Change([&](storage::EventLog& log) { return log.ReplaceRecords(cleaned); });
  }

  absl::Status Edit(const LogEdits& edits) {
    std::vector<storage::RewrittenRecord> slice;
    size_t bytes = 0;
    const auto write = [&] {
      bytes = 0;
      if (slice.empty()) return absl::OkStatus();
      return Change(
          [&](storage::EventLog& log) { return log.ReplaceRecords(std::exchange(slice, {})); });
    };
    for (const auto& [position, row_edits] : edits) {
      CLV_RETURN_IF_ERROR(CheckGoingOn());
      CLV_ASSIGN_OR_RETURN(wire::LogRows rows, Read(position));
      counts_.removed_log_rows += ApplyEdits(row_edits, &rows);
      slice.push_back(Rewritten(position, rows));
      bytes += slice.back().payload.size();
      if (bytes > kSliceBytes || slice.size() >= kSliceRecords) CLV_RETURN_IF_ERROR(write());
    }
    return write();
  }

  absl::Status Scrub() {
    const auto until = std::chrono::steady_clock::now() + options_.scrub_timeout;
    for (auto wait = kFirstWait;; wait = std::min(2 * wait, kLongestWait)) {
      const absl::Status scrubbed = Change([](storage::EventLog& log) { return log.Scrub(); });
      if (!absl::IsUnavailable(scrubbed)) return scrubbed;
      if (std::chrono::steady_clock::now() >= until) return scrubbed;
      CLV_RETURN_IF_ERROR(CheckGoingOn());
      std::this_thread::sleep_for(wait);
    }
  }

  // Shows the retained records before the erasure, in order.
  absl::Status ForEachRecord(
      const std::function<absl::Status(const storage::LoggedRecord&)>& visit) {
    const LogPosition first = options_.log->FirstRetainedPosition();
    for (LogPosition at = first - 1; at + 1 < position_;) {
      CLV_RETURN_IF_ERROR(CheckGoingOn());
      CLV_ASSIGN_OR_RETURN(const std::vector<storage::LoggedRecord> records,
                           reader_->ReadAfter(at, kRowsPerRead));
      if (records.empty()) return absl::DataLossError("event log: an erasure is missing");
      for (const storage::LoggedRecord& record : records) {
        if (record.position >= position_) break;
        CLV_RETURN_IF_ERROR(visit(record));
      }
      at = records.back().position;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<wire::LogRows> Read(LogPosition position) {
    CLV_ASSIGN_OR_RETURN(const std::vector<storage::LoggedRecord> records,
                         reader_->ReadAfter(position - 1, 1));
    if (records.empty()) {
      return absl::DataLossError(absl::StrCat("event log: position ", position, " is missing"));
    }
    return wire::DecodeLogRecord(records.front().payload);
  }

  absl::Status Change(WriteQueue::Task task) {
    return options_.queue->RunOnWriter(std::move(task));
  }

  absl::Status CheckGoingOn() const {
    if (!watch_.is_stopping()) return absl::OkStatus();
    return absl::CancelledError("the process is ending; the erasure goes on at the next start");
  }

  void Report(double progress) { watch_.progress(progress, counts_); }

  const Options& options_;
  const LogPosition position_;
  const Watch& watch_;
  Counts counts_;
  std::vector<LogPosition> erasures_;  // this one, and earlier ones of the same customer
  std::unique_lock<std::timed_mutex> content_;
  std::unique_ptr<storage::EventReader> reader_;
};

absl::Status ErasureSteps::Run(LogPosition position, const Watch& watch) const {
  return OneRun(options_, position, watch).Run();
}

}  // namespace clv::ingest
