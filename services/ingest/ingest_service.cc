#include "services/ingest/ingest_service.h"

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/ingest/events_request.h"
#include "services/ingest/json_batch.h"
#include "services/ingest/push_stream.h"
#include "services/ingest/typed_batch.h"
#include "services/ingest/write_stream.h"

namespace clv::ingest {
namespace {

// Bodies with too many values are too large, not too early: 413 rather than 429.
absl::Status AsTooLarge(const absl::Status& status) {
  return rpc::V0Error(status.code(), 413, std::string(status.message()), "events");
}

// Read in microseconds: some JSON as it is, for what is compressed begins otherwise and may be
// large.
bool IsSmall(std::string_view body) { return body.size() <= 4'096 && body.starts_with('{'); }

grpc::ByteBuffer AsBytes(const google::protobuf::Message& message) {
  grpc::ByteBuffer bytes;
  bool own = false;
  // Without a size that it could exceed it does not fail.
  static_cast<void>(
      grpc::SerializationTraits<google::protobuf::Message>::Serialize(message, &bytes, &own));
  return bytes;
}

}  // namespace

IngestService::IngestService(const Options& options)
    : dispatcher_("clv.v1.IngestService", options.dispatch),
      path_({.queue = options.queue,
             .visibility = options.visibility,
             .clock = options.clock,
             .erased = options.erased,
             .outcomes = options.outcomes}),
      push_limits_(options.push_limits),
      idle_(options.stream_idle_timeout) {}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* IngestService::ServeWrite(grpc::CallbackServerContext* context,
                                                    const std::string& method,
                                                    const Request* request, Response* response) {
  return dispatcher_.ServeAsync(
      context, method,
      [this, request, response](rpc::CallContext& call, const rpc::Dispatcher::Done& done) {
        absl::StatusOr<PreparedWrite> write =
            ReadTypedBatch(*request, path_.Receive(0, request->wait()));
        if (!write.ok()) {
          done(write.status());
          return;
        }
        path_.WriteAndWait(*std::move(write), request->wait(), call.deadline(),
                           [response, done](absl::StatusOr<v1::WriteResult> result) {
                             if (result.ok()) *response->mutable_result() = *std::move(result);
                             done(result.status());
                           });
      },
      request);
}

template <typename Request, typename Response>
grpc::ServerReadReactor<Request>* IngestService::ServeStream(grpc::CallbackServerContext* context,
                                                             const std::string& method,
                                                             Response* response) {
  using Stream = WriteStream<Request, Response>;
  return new Stream({.context = context,
                     .response = response,
                     .dispatcher = &dispatcher_,
                     .path = &path_,
                     .idle = &idle_},
                    dispatcher_.StartCall(context, method));
}

template <typename Response>
PushStream* IngestService::ServePush(grpc::CallbackServerContext* context,
                                     const std::string& method, domain::DataSource data_source) {
  const auto acknowledge = [](uint64_t batch_id, v1::WriteResult result) {
    Response response;
    response.set_batch_id(batch_id);
    *response.mutable_result() = std::move(result);
    return AsBytes(response);
  };
  return new PushStream({.context = context,
                         .data_source = data_source,
                         .acknowledge = acknowledge,
                         .dispatcher = &dispatcher_,
                         .path = &path_,
                         .idle = &idle_,
                         .limits = push_limits_},
                        dispatcher_.StartCall(context, method));
}

grpc::ServerUnaryReactor* IngestService::WriteCustomers(grpc::CallbackServerContext* context,
                                                        const v1::WriteCustomersRequest* request,
                                                        v1::WriteCustomersResponse* response) {
  return ServeWrite(context, "WriteCustomers", request, response);
}

grpc::ServerUnaryReactor* IngestService::WritePurchases(grpc::CallbackServerContext* context,
                                                        const v1::WritePurchasesRequest* request,
                                                        v1::WritePurchasesResponse* response) {
  return ServeWrite(context, "WritePurchases", request, response);
}

grpc::ServerUnaryReactor* IngestService::WriteCustomerClvs(
    grpc::CallbackServerContext* context, const v1::WriteCustomerClvsRequest* request,
    v1::WriteCustomerClvsResponse* response) {
  return ServeWrite(context, "WriteCustomerClvs", request, response);
}

grpc::ServerReadReactor<v1::StreamCustomersRequest>* IngestService::StreamCustomers(
    grpc::CallbackServerContext* context, v1::StreamCustomersResponse* response) {
  return ServeStream<v1::StreamCustomersRequest>(context, "StreamCustomers", response);
}

grpc::ServerReadReactor<v1::StreamPurchasesRequest>* IngestService::StreamPurchases(
    grpc::CallbackServerContext* context, v1::StreamPurchasesResponse* response) {
  return ServeStream<v1::StreamPurchasesRequest>(context, "StreamPurchases", response);
}

grpc::ServerReadReactor<v1::StreamCustomerClvsRequest>* IngestService::StreamCustomerClvs(
    grpc::CallbackServerContext* context, v1::StreamCustomerClvsResponse* response) {
  return ServeStream<v1::StreamCustomerClvsRequest>(context, "StreamCustomerClvs", response);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* IngestService::PushCustomers(
    grpc::CallbackServerContext* context) {
  return ServePush<v1::PushCustomersResponse>(context, "PushCustomers",
                                              domain::DataSource::kCustomers);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* IngestService::PushPurchases(
    grpc::CallbackServerContext* context) {
  return ServePush<v1::PushPurchasesResponse>(context, "PushPurchases",
                                              domain::DataSource::kPurchases);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* IngestService::PushCustomerClvs(
    grpc::CallbackServerContext* context) {
  return ServePush<v1::PushCustomerClvsResponse>(context, "PushCustomerClvs",
                                                 domain::DataSource::kCustomerClv);
}

grpc::ServerUnaryReactor* IngestService::AppendEvents(grpc::CallbackServerContext* context,
                                                      const v1::AppendEventsRequest* request,
                                                      google::api::HttpBody* response) {
  return dispatcher_.ServeV0Async(
      context, "AppendEvents", nullptr, response,
      [this, request](rpc::CallContext& call, const rpc::Dispatcher::V0Done& done) {
        absl::StatusOr<EventsRequest> events = ReadEventsRequest(call, request->body().data());
        if (!events.ok()) {
          done(events.status());
          return;
        }
        BatchBuilder::Options options = path_.Receive(0, events->wait);
        options.data_source = events->data_source;
        absl::StatusOr<PreparedWrite> write =
            ReadJsonBatch(std::move(events->body), std::move(options));
        if (!write.ok()) {
          done(AsTooLarge(write.status()));
          return;
        }
        path_.WriteAndWait(
            *std::move(write), events->wait, call.deadline(),
            [done, wait = events->wait](const absl::StatusOr<v1::WriteResult>& result) {
              if (result.ok()) {
                done(EventsReply(*result, wait));
              } else {
                done(result.status());
              }
            });
      },
      request,
      IsSmall(request->body().data()) ? rpc::Dispatcher::RunOn::kCallingThread
                                      : rpc::Dispatcher::RunOn::kWorker);
}

void IngestService::AddTo(rpc::LocalMethods* methods) {
  const std::string service = v1::IngestService::service_full_name();
  methods->Add(service, "WriteCustomers", this, &IngestService::WriteCustomers);
  methods->Add(service, "WritePurchases", this, &IngestService::WritePurchases);
  methods->Add(service, "WriteCustomerClvs", this, &IngestService::WriteCustomerClvs);
  methods->Add(service, "AppendEvents", this, &IngestService::AppendEvents);
}

}  // namespace clv::ingest
