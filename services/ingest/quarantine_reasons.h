// services/ingest/quarantine_reasons.h: counts of refused rows as answers show them.
#ifndef CLV_SERVICES_INGEST_QUARANTINE_REASONS_H_
#define CLV_SERVICES_INGEST_QUARANTINE_REASONS_H_

#include "clv/v1/data_source_service.pb.h"
#include "common/storage/storage.h"

namespace clv::ingest {

v1::QuarantineReason ToProto(const storage::QuarantineReasonCount& count);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_QUARANTINE_REASONS_H_
