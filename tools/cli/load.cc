#include "tools/cli/load.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/cli/byte_source.h"
#include "tools/cli/csv_reader.h"
#include "tools/cli/progress.h"
#include "tools/cli/text_format.h"
#include "tools/cli/uploader.h"

namespace clv::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRepaint{100};

struct InputFile {
  std::string path;
  const DataSource* data_source = nullptr;
  std::unique_ptr<BatchReader> reader;
};

absl::Status AtFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

absl::StatusOr<InputFile> OpenInput(const std::string& path, const LoadOptions& options) {
  InputFile file;
  file.path = path;
  file.data_source =
      options.data_source.empty() ? DataSourceOfFile(path) : FindDataSource(options.data_source);
  if (file.data_source == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     ": the file's name begins with none of the data sources customers, "
                     "purchases, customer_clv; say which it is by --name"));
  }
  absl::StatusOr<std::unique_ptr<ByteSource>> bytes = OpenByteSource(path);
  if (!bytes.ok()) {
    return absl::InvalidArgumentError(bytes.status().message());
  }
  if (options.format.value_or(FormatOfFile(path)) == FileFormat::kNdjson) {
    file.reader = NewNdjsonReader(*std::move(bytes), options.limits);
    return file;
  }
  absl::StatusOr<std::unique_ptr<BatchReader>> reader =
      NewCsvReader(*std::move(bytes), *file.data_source,
                   {.delimiter = options.delimiter, .limits = options.limits});
  if (!reader.ok()) {
    return AtFile(path, reader.status());
  }
  file.reader = *std::move(reader);
  for (const std::string& column : file.reader->ignored_columns()) {
    std::fprintf(stderr, "clv: %s: column %s is not one of %s, left out\n", path.c_str(),
                 column.c_str(), std::string(file.data_source->name).c_str());
  }
  return file;
}

class Load {
 public:
  Load(const Server& server, const LoadOptions& options)
      : server_(server),
        options_(options),
        uploader_(server, {.connections = options.connections, .retry = options.retry}) {}

  absl::Status Run(std::vector<InputFile> files) {
    for (InputFile& file : files) {
      CLV_RETURN_IF_ERROR(SendFile(file));
      CLV_RETURN_IF_ERROR(Drain(file));
    }
    CLV_RETURN_IF_ERROR(SendLast());
    progress_.Clear();
    PrintSummary(files.size());
    return absl::OkStatus();
  }

 private:
  // Sends all batches of the file but holds the last one back: the very last of all is the one to
  // wait for.
  absl::Status SendFile(InputFile& file) {
    while (true) {
      absl::StatusOr<std::optional<Batch>> batch = file.reader->Next();
      if (!batch.ok()) {
        return Failed(file.path, batch.status());
      }
      if (!batch->has_value()) {
        return absl::OkStatus();
      }
      if (held_.has_value()) {
        CLV_RETURN_IF_ERROR(Offer(*std::exchange(held_, std::nullopt), file));
      }
      held_ = Upload{.data_source = file.data_source->name, .batch = **std::move(batch)};
    }
  }

  absl::Status Offer(Upload upload, const InputFile& file) {
    while (!uploader_.Offer(upload, kRepaint)) {
      CLV_RETURN_IF_ERROR(CheckUploads(file.path));
      Show(file);
    }
    Show(file);
    return absl::OkStatus();
  }

  absl::Status Drain(const InputFile& file) {
    while (!uploader_.WaitUntilIdle(kRepaint)) {
      Show(file);
    }
    return CheckUploads(file.path);
  }

  // Everything else is acknowledged now, so when this batch is visible all are.
  absl::Status SendLast() {
    if (!held_.has_value()) {
      return absl::OkStatus();
    }
    HttpClient client(server_);
    const auto sleep = [](std::chrono::milliseconds duration) {
      std::this_thread::sleep_for(duration);
      return true;
    };
    const Clock::time_point begin = Clock::now();
    while (true) {
      const absl::StatusOr<UploadAnswer> answer =
          SendUpload(client, *held_, options_.wait, options_.retry, sleep);
      if (!answer.ok()) {
        return Failed("the last batch", answer.status());
      }
      if (!last_counts_.has_value()) {
        last_source_ = held_->data_source;
        last_counts_ = answer->counts;
      }
      if (!options_.wait || answer->visible) {
        return absl::OkStatus();
      }
      if (Clock::now() - begin > options_.wait_timeout) {
        return absl::DeadlineExceededError(
            absl::StrCat("all ", Counted(static_cast<uint64_t>(Totals().rows()), "row"),
                         " are safe, but not yet visible to queries after ",
                         options_.wait_timeout.count(), " s; see clv status"));
      }
      progress_.Show({.label = "waiting until all rows are visible", .fraction = {}, .detail = ""});
      sleep(std::chrono::seconds(1));
    }
  }

  absl::Status CheckUploads(const std::string& path) {
    const absl::Status status = uploader_.status();
    return status.ok() ? status : Failed(path, status);
  }

  absl::Status Failed(const std::string& where, const absl::Status& status) {
    progress_.Clear();
    return AtFile(where,
                  absl::Status(status.code(),
                               absl::StrCat(status.message(), " (",
                                            Counted(static_cast<uint64_t>(Totals().rows()), "row"),
                                            " were acknowledged before)")));
  }

  std::map<std::string_view, UploadCounts> CountsBySource() const {
    std::map<std::string_view, UploadCounts> counts = uploader_.counts();
    if (last_counts_.has_value()) {
      counts[last_source_].accepted += last_counts_->accepted;
      counts[last_source_].quarantined += last_counts_->quarantined;
    }
    return counts;
  }

  UploadCounts Totals() const {
    UploadCounts totals;
    for (const auto& [source, counts] : CountsBySource()) {
      totals.accepted += counts.accepted;
      totals.quarantined += counts.quarantined;
    }
    return totals;
  }

  double RowsPerSecond() const {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    return static_cast<double>(Totals().rows()) / std::max(seconds, 1e-6);
  }

  void Show(const InputFile& file) {
    if (progress_.visible()) {
      progress_.Show({.label = file.path,
                      .fraction = file.reader->fraction_read(),
                      .detail = absl::StrCat(
                          Counted(static_cast<uint64_t>(Totals().rows()), "row"), ", ",
                          WithThousands(static_cast<uint64_t>(RowsPerSecond())), " rows/s")});
    }
  }

  void PrintSummary(size_t files) const {
    const UploadCounts totals = Totals();
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    std::printf("%s sent from %s in %.2f s (%s rows/s): %s accepted, %s quarantined%s\n",
                Counted(static_cast<uint64_t>(totals.rows()), "row").c_str(),
                Counted(files, "file").c_str(), seconds,
                WithThousands(static_cast<uint64_t>(RowsPerSecond())).c_str(),
                WithThousands(static_cast<uint64_t>(totals.accepted)).c_str(),
                WithThousands(static_cast<uint64_t>(totals.quarantined)).c_str(),
                options_.wait ? ", all visible" : ", all durable");
    for (const auto& [source, counts] : CountsBySource()) {
      if (counts.quarantined > 0) {
        std::fprintf(stderr, "clv: for the reasons: clv query %s_quarantine\n",
                     std::string(source).c_str());
      }
    }
  }

  const Server& server_;
  const LoadOptions& options_;
  const Clock::time_point begin_ = Clock::now();
  Progress progress_;
  std::optional<Upload> held_;
  std::string_view last_source_;
  std::optional<UploadCounts> last_counts_;
  Uploader uploader_;
};

}  // namespace

absl::Status RunLoad(const Server& server, const LoadOptions& options) {
  std::vector<InputFile> files;
  for (const std::string& path : options.files) {
    CLV_ASSIGN_OR_RETURN(InputFile file, OpenInput(path, options));
    files.push_back(std::move(file));
  }
  return Load(server, options).Run(std::move(files));
}

}  // namespace clv::cli
