// services/ingest/admin_service.h: the AdminService of proto/clv/v1/admin_service.proto.
#ifndef CLV_SERVICES_INGEST_ADMIN_SERVICE_H_
#define CLV_SERVICES_INGEST_ADMIN_SERVICE_H_

#include <memory>
#include <string>

#include "clv/v1/admin_service.grpc.pb.h"
#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/rpc/dispatcher.h"
#include "common/storage/storage.h"
#include "services/ingest/audit.h"
#include "services/ingest/backup_job.h"
#include "services/ingest/customer_export.h"
#include "services/ingest/erasure.h"
#include "services/ingest/job_board.h"
#include "services/ingest/job_handlers.h"
#include "services/ingest/suite_status.h"
#include "services/ingest/token_keeper.h"
#include "services/ingest/token_rpcs.h"
#include "services/ingest/tokens_face.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Thread-safe. Everything in the options must outlive the service.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  struct Options {
    rpc::Dispatcher::Options dispatch;
    storage::TokenStore* tokens = nullptr;
    const Audit* audit = nullptr;
    DataDirectory directory = {};  // where the admin token lies
    const Clock* clock = nullptr;
    const storage::EventLog* log = nullptr;
    const WriteQueue* queue = nullptr;
    const JobBoard* jobs = nullptr;
    Erasure* erasure = nullptr;
    const CustomerExport* customer_export = nullptr;
    BackupJob* backups = nullptr;
    std::string version;
  };
  explicit AdminService(const Options& options);

  // See SuiteStatus::Connect and JobHandlers::Connect.
  void Connect(const std::shared_ptr<grpc::Channel>& aggregation,
               const std::shared_ptr<grpc::Channel>& query) {
    status_.Connect(aggregation, query);
    jobs_.Connect(aggregation);
  }

  grpc::ServerUnaryReactor* CreateToken(grpc::CallbackServerContext* context,
                                        const v1::CreateTokenRequest* request,
                                        v1::CreateTokenResponse* response) override;
  grpc::ServerUnaryReactor* ListTokens(grpc::CallbackServerContext* context,
                                       const v1::ListTokensRequest* request,
                                       v1::ListTokensResponse* response) override;
  grpc::ServerUnaryReactor* DeleteToken(grpc::CallbackServerContext* context,
                                        const v1::DeleteTokenRequest* request,
                                        v1::DeleteTokenResponse* response) override;
  grpc::ServerUnaryReactor* RefreshToken(grpc::CallbackServerContext* context,
                                         const v1::RefreshTokenRequest* request,
                                         v1::RefreshTokenResponse* response) override;
  grpc::ServerUnaryReactor* UpdateToken(grpc::CallbackServerContext* context,
                                        const v1::UpdateTokenRequest* request,
                                        v1::UpdateTokenResponse* response) override;
  grpc::ServerUnaryReactor* CreateJwt(grpc::CallbackServerContext* context,
                                      const v1::CreateJwtRequest* request,
                                      v1::CreateJwtResponse* response) override;
  grpc::ServerUnaryReactor* ServeTokens(grpc::CallbackServerContext* context,
                                        const v1::ServeTokensRequest* request,
                                        google::api::HttpBody* response) override;
  grpc::ServerUnaryReactor* ListAuditEntries(grpc::CallbackServerContext* context,
                                             const v1::ListAuditEntriesRequest* request,
                                             v1::ListAuditEntriesResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::AdminServiceGetJobRequest* request,
                                   v1::AdminServiceGetJobResponse* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::AdminServiceListJobsRequest* request,
                                     v1::AdminServiceListJobsResponse* response) override;
  grpc::ServerUnaryReactor* ServeJobs(grpc::CallbackServerContext* context,
                                      const v1::ServeJobsRequest* request,
                                      google::api::HttpBody* response) override;
  grpc::ServerUnaryReactor* EraseCustomer(grpc::CallbackServerContext* context,
                                          const v1::EraseCustomerRequest* request,
                                          v1::EraseCustomerResponse* response) override;
  grpc::ServerUnaryReactor* ExportCustomer(grpc::CallbackServerContext* context,
                                           const v1::ExportCustomerRequest* request,
                                           v1::ExportCustomerResponse* response) override;
  grpc::ServerUnaryReactor* StartBackup(grpc::CallbackServerContext* context,
                                        const v1::StartBackupRequest* request,
                                        v1::StartBackupResponse* response) override;
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;

 private:
  TokenKeeper tokens_;
  TokenRpcs token_rpcs_;
  TokensFace tokens_face_;
  const Audit* const audit_;
  Erasure* const erasure_;
  const CustomerExport* const customer_export_;
  BackupJob* const backups_;
  SuiteStatus status_;
  JobHandlers jobs_;
  const rpc::Dispatcher dispatcher_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ADMIN_SERVICE_H_
