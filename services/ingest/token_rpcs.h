// services/ingest/token_rpcs.h: the token calls of AdminService, without transport.
#ifndef CLV_SERVICES_INGEST_TOKEN_RPCS_H_
#define CLV_SERVICES_INGEST_TOKEN_RPCS_H_

#include "absl/status/statusor.h"
#include "clv/v1/admin_service.pb.h"
#include "common/rpc/call_context.h"
#include "services/ingest/audit.h"
#include "services/ingest/token_keeper.h"

namespace clv::ingest {

// From requests to the keeper and back; meanings and errors are those of the proto. Thread-safe.
class TokenRpcs {
 public:
  // Both must outlive this object.
  TokenRpcs(TokenKeeper& keeper, const Audit& audit) : keeper_(keeper), audit_(audit) {}

  absl::StatusOr<v1::CreateTokenResponse> Create(const rpc::CallContext& call,
                                                 const v1::CreateTokenRequest& request);
  absl::StatusOr<v1::ListTokensResponse> List();
  absl::StatusOr<v1::DeleteTokenResponse> Delete(const rpc::CallContext& call,
                                                 const v1::DeleteTokenRequest& request);
  absl::StatusOr<v1::RefreshTokenResponse> Refresh(const rpc::CallContext& call,
                                                   const v1::RefreshTokenRequest& request);
  absl::StatusOr<v1::UpdateTokenResponse> Update(const rpc::CallContext& call,
                                                 const v1::UpdateTokenRequest& request);
  absl::StatusOr<v1::CreateJwtResponse> CreateJwt(const rpc::CallContext& call,
                                                  const v1::CreateJwtRequest& request);
  absl::StatusOr<v1::ListAuditEntriesResponse> ListAuditEntries(
      const v1::ListAuditEntriesRequest& request);

 private:
  TokenKeeper& keeper_;
  const Audit& audit_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_TOKEN_RPCS_H_
