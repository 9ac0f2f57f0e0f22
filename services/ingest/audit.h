// services/ingest/audit.h: writes into the audit log what handlers do.
#ifndef CLV_SERVICES_INGEST_AUDIT_H_
#define CLV_SERVICES_INGEST_AUDIT_H_

#include <string>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/rpc/call_context.h"
#include "common/storage/storage.h"

namespace clv::ingest {

// Actions are those that the proto lists at AuditEntry.action; subjects are names of tokens and
// data sources and ids of jobs, never a person. Thread-safe. What it is made of must outlive it.
//
// Example:
//   CLV_RETURN_IF_ERROR(audit.Record(call, "customer.erase", job_id));
class Audit {
 public:
  Audit(storage::AuditLog& log, const Clock& clock) : log_(log), clock_(clock) {}

  // The entry for something that this call does, for a store that writes it with the change itself.
  storage::AuditEntry Entry(const rpc::CallContext& call, const std::string& action,
                            const std::string& subject) const;

  // Writes that entry; durable when it returns OK. To be called before a thing is begun that must
  // not go unrecorded. Errors: those of the log.
  absl::Status Record(const rpc::CallContext& call, const std::string& action,
                      const std::string& subject) const;

  storage::AuditLog& log() const { return log_; }

 private:
  storage::AuditLog& log_;
  const Clock& clock_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_AUDIT_H_
