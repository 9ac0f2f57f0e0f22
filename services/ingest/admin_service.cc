#include "services/ingest/admin_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "common/rpc/scopes.h"
#include "common/rpc/status_conversion.h"
#include "services/ingest/job_face.h"
#include "services/ingest/token_factory.h"

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
      status_({.log = options.log,
               .queue = options.queue,
               .version = options.version,
               .start_time_seconds = options.clock->NowSeconds()}),
      jobs_({.board = options.jobs}),
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

grpc::ServerUnaryReactor* AdminService::GetJob(grpc::CallbackServerContext* context,
                                               const v1::AdminServiceGetJobRequest* request,
                                               v1::AdminServiceGetJobResponse* response) {
  return dispatcher_.ServeAsync(
      context, "GetJob",
      [this, request, response](rpc::CallContext& call, const rpc::Dispatcher::Done& done) {
        jobs_.GetJob(request->job_id(), call.Metadata("authorization"),
                     [response, done](absl::StatusOr<v1::Job> job) {
                       if (job.ok()) *response->mutable_job() = *std::move(job);
                       done(job.status());
                     });
      });
}

grpc::ServerUnaryReactor* AdminService::ListJobs(grpc::CallbackServerContext* context,
                                                 const v1::AdminServiceListJobsRequest* request,
                                                 v1::AdminServiceListJobsResponse* response) {
  return dispatcher_.ServeAsync(
      context, "ListJobs",
      [this, request, response](rpc::CallContext& call, const rpc::Dispatcher::Done& done) {
        const uint32_t limit = request->has_limit() ? request->limit() : kDefaultListedJobs;
        if (limit < 1 || limit > kMaxListedJobs) {
          done(rpc::FieldError("limit", std::to_string(limit), "1 to 1000"));
          return;
        }
        jobs_.ListJobs(limit, call.Metadata("authorization"),
                       [response, done](std::vector<v1::Job> jobs) {
                         for (v1::Job& job : jobs) *response->add_jobs() = std::move(job);
                         done(absl::OkStatus());
                       });
      });
}

grpc::ServerUnaryReactor* AdminService::ServeJobs(grpc::CallbackServerContext* context,
                                                  const v1::ServeJobsRequest* request,
                                                  google::api::HttpBody* response) {
  return dispatcher_.ServeV0Async(
      context, "ServeJobs", nullptr, response,
      [this, request](rpc::CallContext& call, const rpc::Dispatcher::V0Done& done) {
        ServeV0Jobs(jobs_, call, request->job_id(), done);
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
