#include "services/ingest/data_source_service.h"

namespace clv::ingest {

DataSourceService::DataSourceService(const Options& options)
    : dispatcher_("clv.v1.DataSourceService", options.dispatch), files_(options.files) {}

grpc::ServerReadReactor<v1::ImportFileRequest>* DataSourceService::ImportFile(
    grpc::CallbackServerContext* context, v1::ImportFileResponse* response) {
  return files_->ImportFile(dispatcher_, context, response);
}

grpc::ServerReadReactor<v1::AppendFileRequest>* DataSourceService::AppendFile(
    grpc::CallbackServerContext* context, google::api::HttpBody* response) {
  return files_->AppendFile(dispatcher_, context, response);
}

}  // namespace clv::ingest
