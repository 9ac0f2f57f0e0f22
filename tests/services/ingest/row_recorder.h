// tests/services/ingest/row_recorder.h: what a splitter hands over, as texts.
#ifndef CLV_TESTS_SERVICES_INGEST_ROW_RECORDER_H_
#define CLV_TESTS_SERVICES_INGEST_ROW_RECORDER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/ingest/row_splitter.h"

namespace clv::ingest {

// `row <json>[ raw <raw>]`, `text <raw> | <error> | <reason>`, `line <raw> | <error> | <reason>`.
class RowRecorder final : public RowSink {
 public:
  explicit RowRecorder(domain::DataSource data_source) : data_source_(data_source) {}

  absl::Status AddRow(const domain::RawRow& row, std::optional<std::string_view> raw) override {
    std::string entry = "row " + domain::JsonOf(data_source_, row);
    if (raw) entry += " raw " + std::string(*raw);
    return Keep(entry);
  }
  absl::Status AddText(std::string_view raw, const std::string& error,
                       const std::string& reason) override {
    return Keep("text " + std::string(raw) + " | " + error + " | " + reason);
  }
  absl::Status AddInvalidLine(std::string_view raw, const std::string& error,
                              const std::string& reason) override {
    return Keep("line " + std::string(raw) + " | " + error + " | " + reason);
  }

  // From the entry of this number on, entries are refused.
  void FailAt(size_t entries) { fail_at_ = entries; }

  const std::vector<std::string>& entries() const { return entries_; }

 private:
  absl::Status Keep(const std::string& entry) {
    if (entries_.size() >= fail_at_) return absl::AbortedError("enough");
    entries_.push_back(entry);
    return absl::OkStatus();
  }

  const domain::DataSource data_source_;
  std::vector<std::string> entries_;
  size_t fail_at_ = static_cast<size_t>(-1);
};

// Gives `text` to something that has Take, in pieces of these sizes (repeated). Each piece is
// destroyed afterwards.
template <typename Taker>
absl::Status TakeInPieces(Taker&& take, std::string_view text, const std::vector<size_t>& sizes) {
  for (size_t i = 0; !text.empty(); ++i) {
    const std::string piece(text.substr(0, sizes[i % sizes.size()]));
    text.remove_prefix(piece.size());
    if (absl::Status status = take(piece); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace clv::ingest

#endif  // CLV_TESTS_SERVICES_INGEST_ROW_RECORDER_H_
