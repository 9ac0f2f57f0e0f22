// common/rpc/local_methods.h: unary methods of services in this process, for callers in it.
#ifndef CLV_COMMON_RPC_LOCAL_METHODS_H_
#define CLV_COMMON_RPC_LOCAL_METHODS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/local_call.h"

namespace clv::rpc {

// A call of one of them does what one over gRPC does, without its queues, threads and frames: the
// method runs on the caller's thread, from where its handler goes to a worker unless it is quick.
// The handler alone minds the deadline. Filled first, thread-safe from then on; the services
// outlive it.
class LocalMethods {
 public:
  // Larger requests are refused as gRPC's server refuses them.
  explicit LocalMethods(size_t max_receive_bytes) : max_receive_bytes_(max_receive_bytes) {}

  // `service`: full name. The method is one that serves by a Dispatcher.
  template <typename Service, typename Request, typename Response>
  void Add(const std::string& service, const std::string& method, Service* object,
           grpc::ServerUnaryReactor* (Service::*function)(grpc::CallbackServerContext*,
                                                          const Request*, Response*)) {
    starts_[absl::StrCat("/", service, "/", method)] =
        [object, function](LocalRequest request, LocalCall::OnReply on_reply) {
          const auto call = std::make_shared<TypedCall<Request, Response>>(std::move(request),
                                                                           std::move(on_reply));
          if (call->Read()) (object->*function)(call.get(), &call->request, &call->response);
          return std::shared_ptr<LocalCall>(call);
        };
  }

  // `path`: `/package.Service/Method`.
  bool Has(const std::string& path) const { return starts_.contains(path); }

  // Makes a call of a method that is there.
  std::shared_ptr<LocalCall> Start(const std::string& path, LocalRequest request,
                                   LocalCall::OnReply on_reply) const;

 private:
  template <typename Request, typename Response_>
  struct TypedCall final : LocalCall {
    using LocalCall::LocalCall;
    bool Read() { return ReadRequest(&request); }
    const google::protobuf::Message& Response() const override { return response; }

    Request request;
    Response_ response;
  };
  using StartCall =
      std::function<std::shared_ptr<LocalCall>(LocalRequest, LocalCall::OnReply on_reply)>;

  const size_t max_receive_bytes_;
  absl::flat_hash_map<std::string, StartCall> starts_;
};

}  // namespace clv::rpc

#endif  // CLV_COMMON_RPC_LOCAL_METHODS_H_
