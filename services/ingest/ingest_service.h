// services/ingest/ingest_service.h: the IngestService of proto/clv/v1/ingest_service.proto.
#ifndef CLV_SERVICES_INGEST_INGEST_SERVICE_H_
#define CLV_SERVICES_INGEST_INGEST_SERVICE_H_

#include <chrono>
#include <string>

#include "clv/v1/ingest_service.grpc.pb.h"
#include "common/base/clock.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/local_methods.h"
#include "common/storage/visibility_waiter.h"
#include "services/ingest/idle_watch.h"
#include "services/ingest/push_stream.h"
#include "services/ingest/push_window.h"
#include "services/ingest/write_path.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// The generated bases: as v1::IngestService::CallbackService, but that streams of batches take and
// give messages as bytes, which push_batch.h reads.
struct IngestBases {
  using Rpc = v1::IngestService;
  using Writes = Rpc::WithCallbackMethod_WriteCustomers<
      Rpc::WithCallbackMethod_WritePurchases<Rpc::WithCallbackMethod_WriteCustomerClvs<
          Rpc::WithCallbackMethod_AppendEvents<Rpc::Service>>>>;
  using Streams = Rpc::WithCallbackMethod_StreamCustomers<
      Rpc::WithCallbackMethod_StreamPurchases<Rpc::WithCallbackMethod_StreamCustomerClvs<Writes>>>;
  using Pushes = Rpc::WithRawCallbackMethod_PushCustomers<Rpc::WithRawCallbackMethod_PushPurchases<
      Rpc::WithRawCallbackMethod_PushCustomerClvs<Streams>>>;
};

// Thread-safe. Everything in the options must outlive the service, and the service the server's
// last call.
class IngestService final : public IngestBases::Pushes {
 public:
  struct Options {
    rpc::Dispatcher::Options dispatch;
    WriteQueue* queue = nullptr;
    storage::VisibilityWaiter* visibility = nullptr;
    const Clock* clock = nullptr;
    const ErasedCustomers* erased = nullptr;    // see WritePath::Options
    storage::FoldOutcomes* outcomes = nullptr;  // the same
    // How long a stream may keep the server waiting for its next batch.
    std::chrono::milliseconds stream_idle_timeout{60'000};
    PushLimits push_limits;  // of each stream that acknowledges its batches
  };
  explicit IngestService(const Options& options);

  // Adds the unary methods.
  void AddTo(rpc::LocalMethods* methods);

  grpc::ServerUnaryReactor* WriteCustomers(grpc::CallbackServerContext* context,
                                           const v1::WriteCustomersRequest* request,
                                           v1::WriteCustomersResponse* response) override;
  grpc::ServerUnaryReactor* WritePurchases(grpc::CallbackServerContext* context,
                                           const v1::WritePurchasesRequest* request,
                                           v1::WritePurchasesResponse* response) override;
  grpc::ServerUnaryReactor* WriteCustomerClvs(grpc::CallbackServerContext* context,
                                              const v1::WriteCustomerClvsRequest* request,
                                              v1::WriteCustomerClvsResponse* response) override;

  grpc::ServerReadReactor<v1::StreamCustomersRequest>* StreamCustomers(
      grpc::CallbackServerContext* context, v1::StreamCustomersResponse* response) override;
  grpc::ServerReadReactor<v1::StreamPurchasesRequest>* StreamPurchases(
      grpc::CallbackServerContext* context, v1::StreamPurchasesResponse* response) override;
  grpc::ServerReadReactor<v1::StreamCustomerClvsRequest>* StreamCustomerClvs(
      grpc::CallbackServerContext* context, v1::StreamCustomerClvsResponse* response) override;

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PushCustomers(
      grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PushPurchases(
      grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PushCustomerClvs(
      grpc::CallbackServerContext* context) override;

  grpc::ServerUnaryReactor* AppendEvents(grpc::CallbackServerContext* context,
                                         const v1::AppendEventsRequest* request,
                                         google::api::HttpBody* response) override;

 private:
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* ServeWrite(grpc::CallbackServerContext* context,
                                       const std::string& method, const Request* request,
                                       Response* response);

  template <typename Request, typename Response>
  grpc::ServerReadReactor<Request>* ServeStream(grpc::CallbackServerContext* context,
                                                const std::string& method, Response* response);

  template <typename Response>
  PushStream* ServePush(grpc::CallbackServerContext* context, const std::string& method,
                        domain::DataSource data_source);

  const rpc::Dispatcher dispatcher_;
  const WritePath path_;
  const PushLimits push_limits_;
  IdleWatch idle_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_INGEST_SERVICE_H_
