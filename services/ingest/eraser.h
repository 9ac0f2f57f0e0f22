// services/ingest/eraser.h: erasing a customer, as every face of the API starts it.
#ifndef CLV_SERVICES_INGEST_ERASER_H_
#define CLV_SERVICES_INGEST_ERASER_H_

#include <string>

#include "absl/status/statusor.h"
#include "clv/v1/job.pb.h"

namespace clv::ingest {

// Thread-safe.
class Eraser {
 public:
  virtual ~Eraser() = default;

  // Starts to remove every trace of a customer. When it returns OK, rows that name the customer
  // are refused, and the erasure will be done, also when the process ends before. The job never
  // names the customer. INVALID_ARGUMENT for a text that no customer_id can be; an unknown customer
  // is no error.
  virtual absl::StatusOr<v1::Job> StartErase(const std::string& customer_id) = 0;
};

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ERASER_H_
