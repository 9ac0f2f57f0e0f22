#include "services/ingest/typed_batch.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/status_conversion.h"
#include "common/wire/record_codec.h"

namespace clv::ingest {
namespace {

using domain::DataSource;

// What a batch is called in an error: streams that answer each batch say which one is meant.
template <typename Request>
std::string NameOf(const Request& request) {
  if constexpr (requires { request.batch_id(); }) {
    return absl::StrCat(" in batch ", request.batch_id());
  } else {
    return "";
  }
}

// Amounts are columns in units, as rows of text have them, and fields in millionths.
std::string FieldOf(const std::string& column) {
  const bool is_amount = column == "purchase_amount" || column == "total_spend";
  return is_amount ? absl::StrCat(column, "_micros") : column;
}

// `field`: where the rows lie in the request; `name`: see NameOf.
template <typename Rows>
absl::StatusOr<PreparedWrite> ReadRows(const Rows& rows, const char* field, DataSource data_source,
                                       const std::string& name, BatchBuilder::Options options) {
  if (rows.empty() || rows.size() > kMaxBatchRows) {
    return rpc::FieldError(field, absl::StrCat(rows.size(), " rows", name), "1 to 100000");
  }
  options.data_source = data_source;
  BatchBuilder builder(std::move(options));
  for (const auto& row : rows) builder.AddRow(wire::ToRawRow(row), std::nullopt);
  PreparedWrite write = builder.Finish();
  for (Refusal& refusal : write.refusals) refusal.column = FieldOf(refusal.column);
  return write;
}

template <typename Request>
absl::StatusOr<PreparedWrite> ReadCustomers(const Request& request, BatchBuilder::Options options) {
  return ReadRows(request.customers(), "customers", DataSource::kCustomers, NameOf(request),
                  std::move(options));
}

template <typename Request>
absl::StatusOr<PreparedWrite> ReadPurchases(const Request& request, BatchBuilder::Options options) {
  return ReadRows(request.purchases(), "purchases", DataSource::kPurchases, NameOf(request),
                  std::move(options));
}

template <typename Request>
absl::StatusOr<PreparedWrite> ReadCustomerClvs(const Request& request,
                                               BatchBuilder::Options options) {
  return ReadRows(request.customer_clvs(), "customer_clvs", DataSource::kCustomerClv,
                  NameOf(request), std::move(options));
}

}  // namespace

absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::WriteCustomersRequest& request,
                                             BatchBuilder::Options options) {
  return ReadCustomers(request, std::move(options));
}
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::WritePurchasesRequest& request,
                                             BatchBuilder::Options options) {
  return ReadPurchases(request, std::move(options));
}
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::WriteCustomerClvsRequest& request,
                                             BatchBuilder::Options options) {
  return ReadCustomerClvs(request, std::move(options));
}
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::StreamCustomersRequest& request,
                                             BatchBuilder::Options options) {
  return ReadCustomers(request, std::move(options));
}
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::StreamPurchasesRequest& request,
                                             BatchBuilder::Options options) {
  return ReadPurchases(request, std::move(options));
}
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::StreamCustomerClvsRequest& request,
                                             BatchBuilder::Options options) {
  return ReadCustomerClvs(request, std::move(options));
}
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::PushCustomersRequest& request,
                                             BatchBuilder::Options options) {
  return ReadCustomers(request, std::move(options));
}
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::PushPurchasesRequest& request,
                                             BatchBuilder::Options options) {
  return ReadPurchases(request, std::move(options));
}
absl::StatusOr<PreparedWrite> ReadTypedBatch(const v1::PushCustomerClvsRequest& request,
                                             BatchBuilder::Options options) {
  return ReadCustomerClvs(request, std::move(options));
}

v1::WriteResult ResultOf(const PreparedWrite& write, storage::LogPosition position) {
  v1::WriteResult result;
  result.set_successful_rows(write.accepted_rows);
  result.set_quarantined_rows(write.refused_rows);
  result.set_log_position(position);
  for (const Refusal& refusal : write.refusals) {
    v1::RowError* error = result.add_errors();
    error->set_row(refusal.row);
    error->set_field(refusal.column);
    error->set_description(refusal.description);
  }
  return result;
}

}  // namespace clv::ingest
