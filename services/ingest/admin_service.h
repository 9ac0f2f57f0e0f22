// services/ingest/admin_service.h: the AdminService of proto/clv/v1/admin_service.proto.
#ifndef CLV_SERVICES_INGEST_ADMIN_SERVICE_H_
#define CLV_SERVICES_INGEST_ADMIN_SERVICE_H_

#include <memory>
#include <string>

#include "clv/v1/admin_service.grpc.pb.h"
#include "common/base/clock.h"
#include "common/rpc/dispatcher.h"
#include "common/storage/storage.h"
#include "services/ingest/backup_job.h"
#include "services/ingest/customer_export.h"
#include "services/ingest/erasure.h"
#include "services/ingest/suite_status.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Thread-safe. Everything in the options must outlive the service.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  struct Options {
    rpc::Dispatcher::Options dispatch;
    storage::TokenStore* tokens = nullptr;
    const Clock* clock = nullptr;
    const storage::EventLog* log = nullptr;
    const WriteQueue* queue = nullptr;
    Erasure* erasure = nullptr;
    const CustomerExport* customer_export = nullptr;
    BackupJob* backups = nullptr;
    std::string version;
  };
  explicit AdminService(const Options& options);

  // See SuiteStatus::Connect.
  void Connect(const std::shared_ptr<grpc::Channel>& aggregation,
               const std::shared_ptr<grpc::Channel>& query) {
    status_.Connect(aggregation, query);
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
  storage::TokenStore* const tokens_;
  const Clock* const clock_;
  Erasure* const erasure_;
  const CustomerExport* const customer_export_;
  BackupJob* const backups_;
  SuiteStatus status_;
  const rpc::Dispatcher dispatcher_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ADMIN_SERVICE_H_
