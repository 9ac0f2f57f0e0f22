// services/ingest/data_source_handlers.h: what the calls about whole data sources do, but for
// files.
#ifndef CLV_SERVICES_INGEST_DATA_SOURCE_HANDLERS_H_
#define CLV_SERVICES_INGEST_DATA_SOURCE_HANDLERS_H_

#include "absl/status/statusor.h"
#include "clv/v1/data_source_service.pb.h"
#include "common/rpc/call_context.h"
#include "common/storage/storage.h"
#include "services/ingest/audit.h"
#include "services/ingest/data_source_catalogue.h"
#include "services/ingest/deletion.h"
#include "services/ingest/quarantine_retry.h"
#include "services/ingest/quarantine_truncation.h"

namespace clv::ingest {

// One function for each typed method; they run on worker threads. Thread-safe. Everything in the
// options must outlive the handlers.
class DataSourceHandlers {
 public:
  struct Options {
    Deletion* deletion = nullptr;
    QuarantineTruncation* truncation = nullptr;
    QuarantineRetry* retry = nullptr;
    const DataSourceCatalogue* catalogue = nullptr;
    storage::QuarantineReader* quarantine = nullptr;
    const Audit* audit = nullptr;
  };
  explicit DataSourceHandlers(const Options& options) : options_(options) {}

  // The caller was admitted by the method's own rule (ADMIN). What removes or sends rows is written
  // into the audit log before it is begun.
  absl::StatusOr<v1::DeleteRowsResponse> DeleteRows(const rpc::CallContext& call,
                                                    const v1::DeleteRowsRequest& request) const;
  absl::StatusOr<v1::TruncateDataSourceResponse> TruncateDataSource(
      const rpc::CallContext& call, const v1::TruncateDataSourceRequest& request) const;

  // Look at the caller's scopes by themselves.
  v1::ListDataSourcesResponse ListDataSources(const rpc::CallContext& call) const;
  absl::StatusOr<v1::GetDataSourceResponse> GetDataSource(
      const rpc::CallContext& call, const v1::GetDataSourceRequest& request) const;
  absl::StatusOr<v1::CountQuarantinedRowsResponse> CountQuarantinedRows(
      const rpc::CallContext& call, const v1::CountQuarantinedRowsRequest& request) const;
  absl::StatusOr<v1::RetryQuarantinedRowsResponse> RetryQuarantinedRows(
      const rpc::CallContext& call, const v1::RetryQuarantinedRowsRequest& request) const;

 private:
  const Options options_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_DATA_SOURCE_HANDLERS_H_
