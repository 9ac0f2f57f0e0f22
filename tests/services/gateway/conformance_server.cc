#include "tests/services/gateway/conformance_server.h"

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "tests/services/gateway/conformance_api.grpc.pb.h"

namespace clv::gateway::conformance {
namespace {

using grpc::ServerContext;
using grpc::Status;
using testing::Everything;
using testing::Inner;

class MatchingService final : public Matching::Service {
#define CLV_MATCHED(Rule)                                                                 \
  Status Rule(ServerContext* /*context*/, const Item* request, Matched* reply) override { \
    reply->set_rule(#Rule);                                                               \
    reply->set_name(request->name() + request->other());                                  \
    return Status::OK;                                                                    \
  }
  CLV_MATCHED(Root)
  CLV_MATCHED(Literal)
  CLV_MATCHED(Single)
  CLV_MATCHED(Tail)
  CLV_MATCHED(Abc)
  CLV_MATCHED(Axd)
  CLV_MATCHED(Any)
  CLV_MATCHED(Thing)
  CLV_MATCHED(CancelThing)
  CLV_MATCHED(ListThings)
  CLV_MATCHED(Deep)
  CLV_MATCHED(CancelDeep)
  CLV_MATCHED(Book)
  CLV_MATCHED(Middle)
  CLV_MATCHED(Star)
  CLV_MATCHED(Fetch)
  CLV_MATCHED(Explicit)
  CLV_MATCHED(Fixed)
  CLV_MATCHED(MoveFixed)
  CLV_MATCHED(Unnamed)
  CLV_MATCHED(Head)
  CLV_MATCHED(Two)
#undef CLV_MATCHED
};

class BindingService final : public Binding::Service {
  Status Echo(ServerContext* /*context*/, const Everything* request, Everything* reply) override {
    *reply = *request;
    return Status::OK;
  }
};

class BodiesService final : public Bodies::Service {
  Status Put(ServerContext* /*context*/, const Upload* request, Uploaded* reply) override {
    reply->set_name(request->name());
    reply->set_content_type(request->body().content_type());
    reply->set_size(request->body().data().size());
    for (const auto& extension : request->body().extensions()) {
      reply->add_extensions(absl::StrCat(extension.type_url(), " ", extension.value()));
    }
    return Status::OK;
  }
  Status Raw(ServerContext* /*context*/, const google::api::HttpBody* request,
             google::api::HttpBody* reply) override {
    *reply = *request;
    return Status::OK;
  }
  Status Stream(ServerContext* /*context*/, grpc::ServerReader<Upload>* reader,
                Uploaded* reply) override {
    Upload message;
    while (reader->Read(&message)) {
      reply->set_size(reply->size() + message.body().data().size());
      reply->add_messages(absl::StrCat(message.name(), "|", message.body().content_type(), "|",
                                       message.body().data().size() > (1 << 20) ? "large" : "ok"));
    }
    return Status::OK;
  }
  Status Page(ServerContext* /*context*/, const PageRequest* request,
              testing::Wrapped* reply) override {
    reply->mutable_page()->set_content_type(request->content_type());
    reply->mutable_page()->set_data(request->data());
    return Status::OK;
  }
  Status Pages(ServerContext* /*context*/, const PageRequest* request,
               grpc::ServerWriter<google::api::HttpBody>* writer) override {
    google::api::HttpBody page;
    for (uint32_t i = 0; i < request->pages(); ++i) {
      page.set_content_type(i == 0 ? request->content_type() : "not/looked-at");
      page.set_data(request->data());
      writer->Write(page);
    }
    return Status::OK;
  }
  Status WrappedPages(ServerContext* /*context*/, const PageRequest* request,
                      grpc::ServerWriter<testing::Wrapped>* writer) override {
    testing::Wrapped wrapped;
    wrapped.mutable_page()->set_content_type(request->content_type());
    wrapped.mutable_page()->set_data(request->data());
    for (uint32_t i = 0; i < request->pages(); ++i) writer->Write(wrapped);
    return Status::OK;
  }
  Status Both(
      ServerContext* /*context*/,
      grpc::ServerReaderWriter<google::api::HttpBody, google::api::HttpBody>* stream) override {
    google::api::HttpBody message;
    while (stream->Read(&message)) stream->Write(message);
    return Status::OK;
  }
};

class StreamsService final : public Streams::Service {
  Status Collect(ServerContext* /*context*/, grpc::ServerReader<Inner>* reader,
                 Everything* reply) override {
    Inner message;
    while (reader->Read(&message)) *reply->add_inners() = message;
    return Status::OK;
  }
  Status Spread(ServerContext* context, const SpreadRequest* request,
                grpc::ServerWriter<Inner>* writer) override {
    context->AddTrailingMetadata("x-trailer", "behind");
    if (request->headers_first()) {
      context->AddInitialMetadata("x-initial", "first");
      writer->SendInitialMetadata();
    }
    Inner message;
    for (uint32_t i = 1; i <= request->count(); ++i) {
      message.set_name(request->name());
      message.set_count(static_cast<int32_t>(i));
      writer->Write(message);
    }
    return request->code() == 0
               ? Status::OK
               : Status(static_cast<grpc::StatusCode>(request->code()), "the stream fails");
  }
  Status Chat(ServerContext* /*context*/, grpc::ServerReaderWriter<Inner, Inner>* stream) override {
    Inner message;
    while (stream->Read(&message)) {
      if (message.name() == "fail") return Status(grpc::StatusCode::ABORTED, "told to");
      stream->Write(message);
    }
    return Status::OK;
  }
};

class ErrorsService final : public Errors::Service {
  Status Fail(ServerContext* context, const FailRequest* request,
              testing::Empty* /*reply*/) override {
    if (request->headers_first()) context->AddInitialMetadata("x-initial", "first");
    context->AddTrailingMetadata("x-twice", "one");
    context->AddTrailingMetadata("x-twice", "two");
    google::rpc::Status status;
    status.set_code(request->code());
    status.set_message(request->message());
    if (request->details() == "known") {
      google::rpc::BadRequest detail;
      detail.add_field_violations()->set_field("f");
      status.add_details()->PackFrom(detail);
    } else if (request->details() == "unknown") {
      status.add_details()->set_type_url("type.googleapis.com/un.Known");
      status.mutable_details(0)->set_value("x");
    }
    return Status(static_cast<grpc::StatusCode>(request->code()), request->message(),
                  request->details().empty() ? "" : status.SerializeAsString());
  }
  Status Metadata(ServerContext* context, const testing::Empty* /*request*/,
                  testing::Inspection* reply) override {
    for (const auto& [key, value] : context->client_metadata()) {
      (*reply->mutable_metadata())[std::string(key.data(), key.size())] =
          std::string(value.data(), value.size());
    }
    context->AddInitialMetadata("x-initial", "first");
    context->AddInitialMetadata("x-bytes-bin", std::string("\x01\x02", 2));
    context->AddTrailingMetadata("x-trailer", "behind");
    return Status::OK;
  }
};

class UnmappedService final : public Unmapped::Service {
  Status Echo(ServerContext* /*context*/, const Inner* request, Inner* reply) override {
    *reply = *request;
    return Status::OK;
  }
};

class TcpConformanceServer final : public ConformanceServer {
 public:
  TcpConformanceServer() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.SetMaxReceiveMessageSize(-1);
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             &matching_, &binding_, &bodies_, &streams_, &errors_, &unmapped_}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~TcpConformanceServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const override { return address_; }

 private:
  MatchingService matching_;
  BindingService binding_;
  BodiesService bodies_;
  StreamsService streams_;
  ErrorsService errors_;
  UnmappedService unmapped_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace

std::unique_ptr<ConformanceServer> ConformanceServer::Start() {
  return std::make_unique<TcpConformanceServer>();
}

}  // namespace clv::gateway::conformance
