// services/ingest/push_batch.h: a message of a stream of batches, read where it lies.
#ifndef CLV_SERVICES_INGEST_PUSH_BATCH_H_
#define CLV_SERVICES_INGEST_PUSH_BATCH_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace clv::ingest {

// What PushCustomersRequest, PushPurchasesRequest and PushCustomerClvsRequest have in common.
struct PushBatch {
  uint64_t batch_id = 0;
  bool wait = false;
  std::vector<std::string_view> rows;  // the bytes of each row's message, within the batch's
};

// INVALID_ARGUMENT when the bytes are no such request; what the rows are is not looked at.
absl::StatusOr<PushBatch> ReadPushBatch(std::string_view message);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_PUSH_BATCH_H_
