// services/ingest/customer_export.h: all that is held about one customer.
#ifndef CLV_SERVICES_INGEST_CUSTOMER_EXPORT_H_
#define CLV_SERVICES_INGEST_CUSTOMER_EXPORT_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "clv/v1/admin_service.pb.h"
#include "common/storage/clv_store.h"
#include "common/storage/storage.h"
#include "services/ingest/write_queue.h"

namespace clv::ingest {

// Thread-safe. Everything in the options must outlive it.
class CustomerExport {
 public:
  struct Options {
    storage::ClvReader* facts = nullptr;
    storage::QuarantineReader* quarantine = nullptr;
    const storage::EventLog* log = nullptr;  // for its thread-safe calls
    std::function<absl::StatusOr<std::unique_ptr<storage::EventReader>>()> open_log;
    WriteQueue* queue = nullptr;  // keeps the log from being trimmed meanwhile
  };

  explicit CustomerExport(Options options) : options_(std::move(options)) {}

  // Facts and values of one state of the store; then what the log and the quarantine hold, found as
  // an erasure finds it. NOT_FOUND when nothing is held, INVALID_ARGUMENT for a text that no
  // customer_id can be, DEADLINE_EXCEEDED when `deadline` passes before all is read.
  absl::StatusOr<v1::ExportCustomerResponse> Export(
      const std::string& customer_id, std::chrono::steady_clock::time_point deadline) const;

 private:
  class OneExport;

  const Options options_;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_CUSTOMER_EXPORT_H_
