// services/ingest/file_request.h: what a call that loads a file asks for, in both faces.
#ifndef CLV_SERVICES_INGEST_FILE_REQUEST_H_
#define CLV_SERVICES_INGEST_FILE_REQUEST_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "clv/v1/data_source_service.pb.h"
#include "common/domain/data_sources.h"
#include "common/domain/row_condition.h"
#include "common/rpc/call_context.h"
#include "services/ingest/csv_rows.h"
#include "services/ingest/file_body.h"

namespace clv::ingest {

enum class FileKind { kCsv, kJson };

// A checked request.
struct FileRequest {
  domain::DataSource data_source = domain::DataSource::kCustomers;
  FileKind kind = FileKind::kCsv;
  CsvFormat csv;  // of kCsv
  FileBody::Options body;
  bool replaces = false;
  // With `replaces`: which rows; absent: all.
  std::optional<domain::RowCondition> replace_condition;
  bool waits = false;  // answers when the rows are visible
};

// Reads the first message of ImportFile. INVALID_ARGUMENT (a field violation) for a bad field,
// NOT_FOUND for an unknown data source, PERMISSION_DENIED when the caller may not append to it.
absl::StatusOr<FileRequest> ReadImportRequest(const rpc::CallContext& call,
                                              const v1::ImportFileRequest& first);

// Reads the parameters of POST /v0/datasources and the content type of its body. Errors carry their
// HTTP status: 400 for a bad parameter, 403, 404.
absl::StatusOr<FileRequest> ReadAppendRequest(const rpc::CallContext& call,
                                              const std::string& content_type);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_FILE_REQUEST_H_
