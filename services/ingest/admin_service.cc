#include "services/ingest/admin_service.h"

#include <utility>

#include "absl/status/status.h"

namespace clv::ingest {

AdminService::AdminService(const Options& options)
    : tokens_({.tokens = options.tokens,
               .audit = options.audit,
               .clock = options.clock,
               .directory = options.directory}),
      token_rpcs_(tokens_, *options.audit),
      tokens_face_(tokens_),
      status_({.log = options.log,
               .queue = options.queue,
               .version = options.version,
               .start_time_seconds = options.clock->NowSeconds()}),
      dispatcher_("clv.v1.AdminService", options.dispatch) {}

grpc::ServerUnaryReactor* AdminService::CreateToken(grpc::CallbackServerContext* context,
                                                    const v1::CreateTokenRequest* request,
                                                    v1::CreateTokenResponse* response) {
  return dispatcher_.Serve(
      context, "CreateToken", response,
      [this, request](rpc::CallContext& call) { return token_rpcs_.Create(call, *request); });
}

grpc::ServerUnaryReactor* AdminService::ListTokens(grpc::CallbackServerContext* context,
                                                   const v1::ListTokensRequest* /*request*/,
                                                   v1::ListTokensResponse* response) {
  return dispatcher_.Serve(context, "ListTokens", response,
                           [this](rpc::CallContext& /*call*/) { return token_rpcs_.List(); });
}

grpc::ServerUnaryReactor* AdminService::DeleteToken(grpc::CallbackServerContext* context,
                                                    const v1::DeleteTokenRequest* request,
                                                    v1::DeleteTokenResponse* response) {
  return dispatcher_.Serve(
      context, "DeleteToken", response,
      [this, request](rpc::CallContext& call) { return token_rpcs_.Delete(call, *request); });
}

grpc::ServerUnaryReactor* AdminService::RefreshToken(grpc::CallbackServerContext* context,
                                                     const v1::RefreshTokenRequest* request,
                                                     v1::RefreshTokenResponse* response) {
  return dispatcher_.Serve(
      context, "RefreshToken", response,
      [this, request](rpc::CallContext& call) { return token_rpcs_.Refresh(call, *request); });
}

grpc::ServerUnaryReactor* AdminService::UpdateToken(grpc::CallbackServerContext* context,
                                                    const v1::UpdateTokenRequest* request,
                                                    v1::UpdateTokenResponse* response) {
  return dispatcher_.Serve(
      context, "UpdateToken", response,
      [this, request](rpc::CallContext& call) { return token_rpcs_.Update(call, *request); });
}

grpc::ServerUnaryReactor* AdminService::CreateJwt(grpc::CallbackServerContext* context,
                                                  const v1::CreateJwtRequest* request,
                                                  v1::CreateJwtResponse* response) {
  return dispatcher_.Serve(context, "CreateJwt", response, [this, request](rpc::CallContext& call) {
    return token_rpcs_.CreateJwt(call, *request);
  });
}

grpc::ServerUnaryReactor* AdminService::ServeTokens(grpc::CallbackServerContext* context,
                                                    const v1::ServeTokensRequest* request,
                                                    google::api::HttpBody* response) {
  const google::api::HttpBody* form =
      IsJsonBody(request->body().data()) ? nullptr : &request->body();
  return dispatcher_.ServeV0(
      context, "ServeTokens", form, response,
      [this, request](rpc::CallContext& call) {
        return tokens_face_.Answer(call, request->name(), request->body().data());
      },
      &request->body());
}

grpc::ServerUnaryReactor* AdminService::ListAuditEntries(grpc::CallbackServerContext* context,
                                                         const v1::ListAuditEntriesRequest* request,
                                                         v1::ListAuditEntriesResponse* response) {
  return dispatcher_.Serve(context, "ListAuditEntries", response,
                           [this, request](rpc::CallContext& /*call*/) {
                             return token_rpcs_.ListAuditEntries(*request);
                           });
}

grpc::ServerUnaryReactor* AdminService::GetStatus(grpc::CallbackServerContext* context,
                                                  const v1::GetStatusRequest* /*request*/,
                                                  v1::GetStatusResponse* response) {
  return dispatcher_.ServeAsync(
      context, "GetStatus",
      [this, response](rpc::CallContext& call, const rpc::Dispatcher::Done& done) {
        status_.Ask(call.Metadata("authorization"), [response, done](v1::GetStatusResponse status) {
          *response = std::move(status);
          done(absl::OkStatus());
        });
      });
}

}  // namespace clv::ingest
