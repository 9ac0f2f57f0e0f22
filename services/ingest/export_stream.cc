#include "services/ingest/export_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"
#include "common/rpc/table_writer.h"
#include "services/ingest/data_source_names.h"

namespace clv::ingest {
namespace {

constexpr char kFoldedPosition[] = "x-clv-folded-position";

absl::StatusOr<ExportFormat> ReadFormat(v1::FileFormat format) {
  switch (format) {
    case v1::FILE_FORMAT_UNSPECIFIED:
    case v1::FILE_FORMAT_CSV:
      return ExportFormat::kCsv;
    case v1::FILE_FORMAT_NDJSON:
      return ExportFormat::kNdjson;
    default:
      return rpc::FieldError("format", absl::StrCat("got ", static_cast<int>(format),
                                                    ", want FILE_FORMAT_CSV or "
                                                    "FILE_FORMAT_NDJSON"));
  }
}

}  // namespace

ExportStream::ExportStream(const ExportStreamHost& host, grpc::CallbackServerContext* context,
                           const v1::ExportRowsRequest& request,
                           absl::StatusOr<std::shared_ptr<rpc::CallContext>> call)
    : host_(host), context_(context), request_(request) {
  const bool has_room = ++*host_.running <= host_.max_running;
  if (!call.ok()) {
    End(call.status());
    return;
  }
  call_ = *std::move(call);
  if (!has_room) {
    End(absl::ResourceExhaustedError("too many exports are running; try again later"));
    return;
  }
  Submit([this] {
    if (absl::Status begun = Begin(); begun.ok()) {
      WriteNext();
    } else {
      End(begun);
    }
  });
}

void ExportStream::Submit(std::function<void()> job) {
  // The pool has room for every export unless it is ending.
  if (!host_.workers->TrySubmit(std::move(job))) {
    End(absl::UnavailableError("ingest is shutting down; try again"));
  }
}

absl::Status ExportStream::Begin() {
  CLV_ASSIGN_OR_RETURN(const domain::DataSource data_source,
                       FindDataSource(request_.data_source()));
  CLV_RETURN_IF_ERROR(call_->RequireAnyOf({ScopeToRead(data_source)}));
  CLV_ASSIGN_OR_RETURN(const ExportFormat format, ReadFormat(request_.format()));
  CLV_RETURN_IF_ERROR(host_.audit->Record(*call_, "rows.export", NameOf({data_source})));
  CLV_ASSIGN_OR_RETURN(
      rows_, RowExport::Begin(*host_.facts, {.data_source = data_source, .format = format}));
  call_->AddInitialMetadata(kFoldedPosition, absl::StrCat(rows_->folded_position()));
  piece_.set_content_type(std::string(rpc::ContentTypeOf(
      format == ExportFormat::kCsv ? rpc::TableFormat::kCsv : rpc::TableFormat::kNdjson)));
  return absl::OkStatus();
}

void ExportStream::WriteNext() {
  if (std::chrono::steady_clock::now() - began_ > host_.max_time) {
    return End(absl::DeadlineExceededError("the client took the rows too slowly"));
  }
  absl::StatusOr<std::string> text = rows_->Next();
  if (!text.ok()) return End(text.status());
  // The first message goes in any case: it says what the rows are written in.
  if (text->empty() && piece_.content_type().empty()) return End(absl::OkStatus());
  piece_.set_data(*std::move(text));
  // The write may end before the next line could store the timer: so it is set first.
  timer_ = host_.idle->Start([this] { context_->TryCancel(); });
  StartWrite(&piece_);
}

void ExportStream::OnWriteDone(bool ok) {
  host_.idle->Stop(timer_);
  piece_.clear_content_type();
  // On a worker also to close the state.
  Submit([this, ok] {
    if (ok) {
      WriteNext();
    } else {
      End(absl::CancelledError("the client took the rows too slowly or not at all"));
    }
  });
}

void ExportStream::End(const absl::Status& status) {
  rows_.reset();
  --*host_.running;
  Finish(rpc::Dispatcher::Conclude(call_.get(), status));
}

}  // namespace clv::ingest
