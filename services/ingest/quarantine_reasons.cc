#include "services/ingest/quarantine_reasons.h"

namespace clv::ingest {

v1::QuarantineReason ToProto(const storage::QuarantineReasonCount& count) {
  v1::QuarantineReason reason;
  reason.set_column(count.column);
  reason.set_reason(count.reason);
  reason.set_rows(count.rows);
  reason.mutable_last_insertion_date()->set_seconds(count.last_inserted_at_seconds);
  return reason;
}

}  // namespace clv::ingest
