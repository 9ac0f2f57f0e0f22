#include "tests/services/gateway/echo_server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/server_builder.h"

namespace clv::gateway::testing {
namespace {

constexpr int kMaxMessageBytes = 32 << 20;

grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace

class EchoServer::Echoes final : public EchoService::CallbackService {
 public:
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const Everything* request,
                                 Everything* reply) override {
    *reply = *request;
    context->AddInitialMetadata("x-reply", "initial");
    context->AddInitialMetadata("x-reply-bin", "binary");
    context->AddTrailingMetadata("x-trailer", "trailing");
    return Finish(context, grpc::Status::OK);
  }

  grpc::ServerUnaryReactor* Inspect(grpc::CallbackServerContext* context, const Empty* /*request*/,
                                    Inspection* reply) override {
    for (const auto& [key, value] : context->client_metadata()) {
      (*reply->mutable_metadata())[std::string(key.data(), key.size())] =
          std::string(value.data(), value.size());
    }
    (*reply->mutable_metadata())["deadline-ms"] =
        absl::StrCat(std::chrono::duration_cast<std::chrono::milliseconds>(
                         context->deadline() - std::chrono::system_clock::now())
                         .count());
    return Finish(context, grpc::Status::OK);
  }
};

class EchoServer::Bodies final : public BodyService::CallbackService {
 public:
  grpc::ServerUnaryReactor* Upload(grpc::CallbackServerContext* context,
                                   const UploadRequest* request, UploadReply* reply) override {
    reply->set_name(request->name());
    reply->set_content_type(request->body().content_type());
    reply->set_size(request->body().data().size());
    return Finish(context, grpc::Status::OK);
  }

  grpc::ServerUnaryReactor* Raw(grpc::CallbackServerContext* context,
                                const google::api::HttpBody* request,
                                google::api::HttpBody* reply) override {
    *reply = *request;
    return Finish(context, grpc::Status::OK);
  }

  grpc::ServerUnaryReactor* Page(grpc::CallbackServerContext* context, const Empty* /*request*/,
                                 Wrapped* reply) override {
    reply->mutable_page()->set_content_type("text/html");
    reply->mutable_page()->set_data("<p>");
    return Finish(context, grpc::Status::OK);
  }

  grpc::ServerUnaryReactor* WithStatus(grpc::CallbackServerContext* context,
                                       const StatusRequest* request,
                                       google::api::HttpBody* reply) override {
    context->AddInitialMetadata("x-clv-http-status", request->status());
    context->AddInitialMetadata("x-other", "kept");
    reply->set_content_type("application/json; charset=UTF-8");
    reply->set_data("{\"error\":\"e\"}");
    return Finish(context, grpc::Status::OK);
  }
};

class EchoServer::Troubles final : public TroubleService::CallbackService {
 public:
  explicit Troubles(EchoServer& server) : server_(server) {}

  grpc::ServerUnaryReactor* Fail(grpc::CallbackServerContext* context, const FailRequest* request,
                                 Empty* /*reply*/) override {
    google::rpc::Status status;
    status.set_code(request->code());
    status.set_message(request->message());
    if (request->details() == 1) {
      google::rpc::BadRequest detail;
      detail.add_field_violations()->set_field("f");
      status.add_details()->PackFrom(detail);
    } else if (request->details() == 2) {
      status.add_details()->set_type_url("type.googleapis.com/un.Known");
      status.mutable_details(0)->set_value("x");
    }
    context->AddTrailingMetadata("x-trailer", "trailing");
    return Finish(context,
                  grpc::Status(static_cast<grpc::StatusCode>(request->code()), request->message(),
                               request->details() == 0 ? "" : status.SerializeAsString()));
  }

  grpc::ServerUnaryReactor* Hang(grpc::CallbackServerContext* /*context*/, const Empty* /*request*/,
                                 Empty* /*reply*/) override {
    class Reactor final : public grpc::ServerUnaryReactor {
     public:
      explicit Reactor(EchoServer& server) : server_(server) {}
      void OnCancel() override {
        server_.cancelled_.set_value();
        Finish(grpc::Status::CANCELLED);
      }
      void OnDone() override { delete this; }

     private:
      EchoServer& server_;
    };
    server_.begun_.set_value();
    return new Reactor(server_);
  }

 private:
  EchoServer& server_;
};

EchoServer::EchoServer(const std::string& address)
    : echo_(std::make_unique<Echoes>()),
      body_(std::make_unique<Bodies>()),
      trouble_(std::make_unique<Troubles>(*this)) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 64 * 1024);
  // A fixed flow control window, so that what the server has received is not mistaken for what the
  // gateway holds.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.RegisterService(echo_.get());
  builder.RegisterService(body_.get());
  builder.RegisterService(trouble_.get());
  builder.RegisterService(&streams_);
  builder.RegisterService(&downloads_);
  builder.RegisterCallbackGenericService(&silence_);
  server_ = builder.BuildAndStart();
  address_ = absl::StrCat("127.0.0.1:", port);
}

EchoServer::~EchoServer() { Stop(); }

std::shared_ptr<grpc::Channel> EchoServer::Channel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return server_->InProcessChannel(arguments);
}

void EchoServer::Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

}  // namespace clv::gateway::testing
