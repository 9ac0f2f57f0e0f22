#include "services/ingest/audit.h"

#include "services/ingest/token_rules.h"

namespace clv::ingest {
namespace {

// JWTs are named by whoever made them, perhaps after a person: only names that a token could have
// are written down.
std::string ActorOf(const rpc::Caller& caller) {
  if (caller.kind != rpc::CallerKind::kJwt) return caller.name;
  return CheckTokenName(caller.name).ok() ? "jwt " + caller.name : "jwt";
}

}  // namespace

storage::AuditEntry Audit::Entry(const rpc::CallContext& call, const std::string& action,
                                 const std::string& subject) const {
  return {.recorded_at_seconds = clock_.NowSeconds(),
          .actor = ActorOf(call.caller()),
          .action = action,
          .subject = subject,
          .request_id = call.request_id()};
}

absl::Status Audit::Record(const rpc::CallContext& call, const std::string& action,
                           const std::string& subject) const {
  return log_.Append(Entry(call, action, subject));
}

}  // namespace clv::ingest
