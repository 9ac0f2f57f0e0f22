// services/ingest/erased_rows.h: taking rows of erased customers out of a write that was prepared
// before they were erased.
#ifndef CLV_SERVICES_INGEST_ERASED_ROWS_H_
#define CLV_SERVICES_INGEST_ERASED_ROWS_H_

#include "absl/status/statusor.h"
#include "services/ingest/batch_builder.h"
#include "services/ingest/erased_customers.h"

namespace clv::ingest {

// The write without the rows, valid or refused, that name a customer who is erased now; they are
// counted as refused instead, and a record that has no rows left is gone. A write of the present
// generation comes back as it is. DATA_LOSS when a record cannot be read, which BatchBuilder never
// makes.
absl::StatusOr<PreparedWrite> WithoutErased(PreparedWrite write, const ErasedCustomers& erased);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_ERASED_ROWS_H_
