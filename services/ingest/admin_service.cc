#include "services/ingest/admin_service.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"
#include "services/ingest/job_face.h"
#include "services/ingest/write_path.h"

namespace clv::ingest {

AdminService::AdminService(const Options& options)
    : tokens_({.tokens = options.tokens,
               .audit = options.audit,
               .clock = options.clock,
               .directory = options.directory}),
      token_rpcs_(tokens_, *options.audit),
      tokens_face_(tokens_),
      audit_(options.audit),
      erasure_(options.erasure),
      customer_export_(options.customer_export),
      backups_(options.backups),
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
        const absl::Status audited = audit_->Record(call, "customer.erase", started->job_id());
        if (!audited.ok()) {
          done(audited);
          return;
        }
        erasure_->AwaitEnd(*started, storage::EndOfWait(call.deadline()),
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
      context, "ExportCustomer", response,
      [this, request](rpc::CallContext& call) -> absl::StatusOr<v1::ExportCustomerResponse> {
        CLV_RETURN_IF_ERROR(audit_->Record(call, "customer.export", ""));
        return customer_export_->Export(request->customer_id(), call.deadline());
      });
}

grpc::ServerUnaryReactor* AdminService::StartBackup(grpc::CallbackServerContext* context,
                                                    const v1::StartBackupRequest* request,
                                                    v1::StartBackupResponse* response) {
  return dispatcher_.Serve(
      context, "StartBackup", response,
      [this, request](rpc::CallContext& call) -> absl::StatusOr<v1::StartBackupResponse> {
        v1::StartBackupResponse started;
        CLV_ASSIGN_OR_RETURN(*started.mutable_job(), backups_->Start(request->directory()));
        CLV_RETURN_IF_ERROR(audit_->Record(call, "backup.create", started.job().job_id()));
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
