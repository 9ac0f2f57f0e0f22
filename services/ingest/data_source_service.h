// services/ingest/data_source_service.h: the DataSourceService of
// proto/clv/v1/data_source_service.proto.
#ifndef CLV_SERVICES_INGEST_DATA_SOURCE_SERVICE_H_
#define CLV_SERVICES_INGEST_DATA_SOURCE_SERVICE_H_

#include "clv/v1/data_source_service.grpc.pb.h"
#include "common/rpc/dispatcher.h"
#include "services/ingest/file_streams.h"

namespace clv::ingest {

// Says for each method which handler does the work. Thread-safe. Everything in the options must
// outlive the service, and the service the server's last call.
class DataSourceService final : public v1::DataSourceService::CallbackService {
 public:
  struct Options {
    rpc::Dispatcher::Options dispatch;
    FileStreams* files = nullptr;
  };
  explicit DataSourceService(const Options& options);

  grpc::ServerReadReactor<v1::ImportFileRequest>* ImportFile(
      grpc::CallbackServerContext* context, v1::ImportFileResponse* response) override;
  grpc::ServerReadReactor<v1::AppendFileRequest>* AppendFile(
      grpc::CallbackServerContext* context, google::api::HttpBody* response) override;

 private:
  const rpc::Dispatcher dispatcher_;
  FileStreams* const files_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_DATA_SOURCE_SERVICE_H_
