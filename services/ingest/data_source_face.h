// services/ingest/data_source_face.h: the calls of the /v0 face about data sources, but for files.
#ifndef CLV_SERVICES_INGEST_DATA_SOURCE_FACE_H_
#define CLV_SERVICES_INGEST_DATA_SOURCE_FACE_H_

#include <string>

#include "absl/status/statusor.h"
#include "clv/v1/data_source_service.pb.h"
#include "common/rpc/call_context.h"
#include "common/rpc/v0_reply.h"
#include "google/api/httpbody.pb.h"
#include "services/ingest/audit.h"
#include "services/ingest/data_source_handlers.h"
#include "services/ingest/eraser.h"

namespace clv::ingest {

// Thread-safe. Everything in the options must outlive the face.
class DataSourceFace {
 public:
  struct Options {
    const DataSourceHandlers* handlers = nullptr;
    Eraser* eraser = nullptr;  // null: erasing a customer is UNIMPLEMENTED
    const Audit* audit = nullptr;
  };
  explicit DataSourceFace(const Options& options) : options_(options) {}

  // `GET /v0/datasources[/NAME]`; `attrs` picks keys. 404 for an unknown name, 403 for one that the
  // caller may not see; the list leaves those out.
  absl::StatusOr<rpc::V0Reply> Describe(const rpc::CallContext& call,
                                        const v1::DescribeDataSourcesRequest& request) const;

  // `POST /v0/datasources/NAME/delete`, `.../truncate` and `.../quarantine:retry`. 400 for bad
  // parameters, 403, 404 for an unknown name or action, 415 for a packed form.
  absl::StatusOr<rpc::V0Reply> Change(const rpc::CallContext& call,
                                      const v1::ChangeDataSourceRequest& request) const;

  // Whether the body of a request may hold urlencoded parameters: JSON is none, whatever it says
  // behind an ampersand.
  static bool IsForm(const google::api::HttpBody& body);

 private:
  absl::StatusOr<rpc::V0Reply> Delete(const rpc::CallContext& call, const std::string& name) const;
  absl::StatusOr<rpc::V0Reply> EraseCustomer(const rpc::CallContext& call,
                                             const std::string& customer_id) const;
  absl::StatusOr<rpc::V0Reply> Truncate(const rpc::CallContext& call,
                                        const std::string& name) const;
  absl::StatusOr<rpc::V0Reply> Retry(const rpc::CallContext& call, const std::string& name,
                                     const google::api::HttpBody& body) const;

  const Options options_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_DATA_SOURCE_FACE_H_
