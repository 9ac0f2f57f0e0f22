#include "services/ingest/admin_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "common/rpc/scopes.h"
#include "services/ingest/token_factory.h"
#include "services/ingest/write_path.h"

namespace clv::ingest {
namespace {

v1::Token ToProto(const storage::StoredToken& stored) {
  v1::Token token;
  token.set_name(stored.name);
  for (const std::string& scope : stored.scopes) token.add_scopes(scope);
  token.set_prefix(stored.prefix);
  token.mutable_create_time()->set_seconds(stored.created_at_seconds);
  return token;
}

// A token that administers tokens must not make itself the administrator of everything.
absl::Status CheckMayGrant(const rpc::Caller& caller, const std::vector<std::string>& scopes) {
  const bool grants_admin = std::find(scopes.begin(), scopes.end(), "ADMIN") != scopes.end();
  if (!grants_admin || caller.May("ADMIN")) return absl::OkStatus();
  return absl::PermissionDeniedError("only a token with ADMIN may create one with ADMIN");
}

}  // namespace

AdminService::AdminService(const Options& options)
    : tokens_(options.tokens),
      clock_(options.clock),
      erasure_(options.erasure),
      customer_export_(options.customer_export),
      backups_(options.backups),
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
      [this, request](rpc::CallContext& call) -> absl::StatusOr<v1::CreateTokenResponse> {
        const std::vector<std::string> scopes(request->scopes().begin(), request->scopes().end());
        CLV_RETURN_IF_ERROR(CheckMayGrant(call.caller(), scopes));
        CLV_ASSIGN_OR_RETURN(const NewToken token,
                             ingest::CreateToken(*tokens_, *clock_, request->name(), scopes));
        v1::CreateTokenResponse created;
        *created.mutable_token() = ToProto(token.stored);
        created.set_secret(token.secret);
        return created;
      });
}

grpc::ServerUnaryReactor* AdminService::ListTokens(grpc::CallbackServerContext* context,
                                                   const v1::ListTokensRequest* /*request*/,
                                                   v1::ListTokensResponse* response) {
  return dispatcher_.Serve(
      context, "ListTokens", response,
      [this](rpc::CallContext& /*call*/) -> absl::StatusOr<v1::ListTokensResponse> {
        CLV_ASSIGN_OR_RETURN(const std::vector<storage::StoredToken> tokens, tokens_->ListTokens());
        v1::ListTokensResponse list;
        for (const storage::StoredToken& token : tokens) *list.add_tokens() = ToProto(token);
        return list;
      });
}

grpc::ServerUnaryReactor* AdminService::DeleteToken(grpc::CallbackServerContext* context,
                                                    const v1::DeleteTokenRequest* request,
                                                    v1::DeleteTokenResponse* response) {
  return dispatcher_.Serve(
      context, "DeleteToken", response,
      [this, request](rpc::CallContext& /*call*/) -> absl::StatusOr<v1::DeleteTokenResponse> {
        if (request->name() == "admin") {
          return absl::FailedPreconditionError("the admin token cannot be deleted");
        }
        CLV_RETURN_IF_ERROR(tokens_->DeleteToken(request->name()));
        return v1::DeleteTokenResponse();
      });
}

grpc::ServerUnaryReactor* AdminService::EraseCustomer(grpc::CallbackServerContext* context,
                                                      const v1::EraseCustomerRequest* request,
                                                      v1::EraseCustomerResponse* response) {
  return dispatcher_.ServeAsync(
      context, "EraseCustomer",
      [this, request, response](rpc::CallContext& call, const rpc::Dispatcher::Done& done) {
        const absl::StatusOr<v1::Job> started = erasure_->StartErase(request->customer_id());
        if (!started.ok()) {
          done(started.status());
          return;
        }
        erasure_->AwaitEnd(*started, EndOfWait(call.deadline()),
                           [response, done](absl::StatusOr<v1::Job> job) {
                             if (job.ok()) *response->mutable_job() = *std::move(job);
                             done(job.status());
                           });
      });
}

grpc::ServerUnaryReactor* AdminService::ExportCustomer(grpc::CallbackServerContext* context,
                                                       const v1::ExportCustomerRequest* request,
                                                       v1::ExportCustomerResponse* response) {
  return dispatcher_.Serve(
      context, "ExportCustomer", response, [this, request](rpc::CallContext& call) {
        return customer_export_->Export(request->customer_id(), call.deadline());
      });
}

grpc::ServerUnaryReactor* AdminService::StartBackup(grpc::CallbackServerContext* context,
                                                    const v1::StartBackupRequest* request,
                                                    v1::StartBackupResponse* response) {
  return dispatcher_.Serve(
      context, "StartBackup", response,
      [this, request](rpc::CallContext& /*call*/) -> absl::StatusOr<v1::StartBackupResponse> {
        v1::StartBackupResponse started;
        CLV_ASSIGN_OR_RETURN(*started.mutable_job(), backups_->Start(request->directory()));
        return started;
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
