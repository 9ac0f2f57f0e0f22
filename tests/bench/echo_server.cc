// clv-bench-echo: answers IngestService.AppendEvents at once and keeps nothing.
//
// Put behind clv-gateway in the place of ingest, it shows what the gateway and gRPC alone carry:
// the denominator of the benchmark's line of single events. Prints `ready clv-bench-echo
// grpc=HOST:PORT` and runs until it is killed.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "clv/v1/ingest_service.grpc.pb.h"
#include "common/base/process_setup.h"

namespace clv::bench {
namespace {

using Base = v1::IngestService::WithCallbackMethod_AppendEvents<v1::IngestService::Service>;

class Echo final : public Base {
 public:
  grpc::ServerUnaryReactor* AppendEvents(grpc::CallbackServerContext* context,
                                         const v1::AppendEventsRequest* /*request*/,
                                         google::api::HttpBody* response) override {
    response->set_content_type("application/json");
    response->set_data(R"({"successful_rows": 1, "quarantined_rows": 0})");
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int Main() {
  SetUpProcess();  // as the programs do
  Echo echo;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    std::fprintf(stderr, "clv-bench-echo: cannot listen\n");
    return 1;
  }
  std::printf("ready clv-bench-echo grpc=127.0.0.1:%d\n", port);
  std::fflush(stdout);
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace clv::bench

int main() { return clv::bench::Main(); }
