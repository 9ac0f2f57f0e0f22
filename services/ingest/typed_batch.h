// services/ingest/typed_batch.h: a batch of messages as the write that it asks for.
#ifndef CLV_SERVICES_INGEST_TYPED_BATCH_H_
#define CLV_SERVICES_INGEST_TYPED_BATCH_H_

#include "absl/status/statusor.h"
#include "clv/v1/ingest_service.pb.h"
#include "services/ingest/batch_builder.h"
#include "services/ingest/push_batch.h"

namespace clv::ingest {

// Rows that one message may hold.
inline constexpr int kMaxBatchRows = 100'000;

// Check the rows of a request by the rules of their data source, which the request's type tells.
// INVALID_ARGUMENT (a field violation) for no rows or more than kMaxBatchRows.
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::WriteCustomersRequest& request,
                                             BatchBuilder::Options options);
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::WritePurchasesRequest& request,
                                             BatchBuilder::Options options);
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::WriteCustomerClvsRequest& request,
                                             BatchBuilder::Options options);
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::StreamCustomersRequest& request,
                                             BatchBuilder::Options options);
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::StreamPurchasesRequest& request,
                                             BatchBuilder::Options options);
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::StreamCustomerClvsRequest& request,
                                             BatchBuilder::Options options);

// The same for rows that were not read yet; the violation names the batch too. Also for rows whose
// bytes are no message of the data source.
absl::StatusOr<PreparedWrite> ReadTypedBatch(const PushBatch& batch, domain::DataSource data_source,
                                             BatchBuilder::Options options);

// The result of a write as clients see it, but for `visible`.
v1::WriteResult ResultOf(const PreparedWrite& write, storage::LogPosition position);

}  // namespace clv::ingest

#endif  // CLV_SERVICES_INGEST_TYPED_BATCH_H_
