// services/ingest/blocking_write.h: writing to the log from a thread that may wait.
#ifndef CLV_SERVICES_INGEST_BLOCKING_WRITE_H_
#define CLV_SERVICES_INGEST_BLOCKING_WRITE_H_

#include <functional>

#include "absl/status/statusor.h"
#include "common/storage/storage.h"
#include "services/ingest/batch_builder.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Waits until the write is durable; the position of its last record, 0 when it has none. While the
// queue is full it waits as long as `is_patient` says so, then it is RESOURCE_EXHAUSTED. Other
// errors as WriteQueue::Done gets them. Not to be called on the writing thread.
absl::StatusOr<storage::LogPosition> WriteAndBlock(WriteQueue& queue, const PreparedWrite& write,
                                                   const std::function<bool()>& is_patient);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_BLOCKING_WRITE_H_
