// services/ingest/data_source_service.h: the DataSourceService of
// proto/clv/v1/data_source_service.proto.
#ifndef CLV_SERVICES_INGEST_DATA_SOURCE_SERVICE_H_
#define CLV_SERVICES_INGEST_DATA_SOURCE_SERVICE_H_

#include "clv/v1/data_source_service.grpc.pb.h"
#include "common/base/clock.h"
#include "common/rpc/dispatcher.h"
#include "services/ingest/visibility_waiter.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Says for each method which handler does the work. Thread-safe. Everything in the options must
// outlive the service, and the service the server's last call.
class DataSourceService final : public v1::DataSourceService::CallbackService {
 public:
  struct Options {
    rpc::Dispatcher::Options dispatch;
    WriteQueue* queue = nullptr;
    VisibilityWaiter* visibility = nullptr;
    const Clock* clock = nullptr;
  };
  explicit DataSourceService(const Options& options);

 private:
  const rpc::Dispatcher dispatcher_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_DATA_SOURCE_SERVICE_H_
