#include "services/ingest/typed_batch.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"
#include "common/wire/purchase_message.h"
#include "common/wire/record_codec.h"

namespace clv::ingest {
namespace {

using domain::DataSource;

// Amounts are columns in units, as rows of text have them, and fields in millionths.
std::string FieldOf(const std::string& column) {
  const bool is_amount = column == "purchase_amount" || column == "total_spend";
  return is_amount ? absl::StrCat(column, "_micros") : column;
}

// `field`: where the rows lie in the request; `name`: what it is called.
absl::Status CheckCount(const char* field, size_t rows, const std::string& name) {
  if (rows > 0 && rows <= kMaxBatchRows) return absl::OkStatus();
  return rpc::FieldError(field, absl::StrCat(rows, " rows", name), "1 to 100000");
}

PreparedWrite FinishTyped(BatchBuilder* builder) {
  PreparedWrite write = builder->Finish();
  for (Refusal& refusal : write.refusals) refusal.column = FieldOf(refusal.column);
  return write;
}

template <typename Rows>
absl::StatusOr<PreparedWrite> ReadRows(const Rows& rows, const char* field, DataSource data_source,
                                       BatchBuilder::Options options) {
  CLV_RETURN_IF_ERROR(CheckCount(field, static_cast<size_t>(rows.size()), ""));
  options.data_source = data_source;
  BatchBuilder builder(std::move(options));
  for (const auto& row : rows) builder.AddRow(wire::ToRawRow(row), std::nullopt);
  return FinishTyped(&builder);
}

// Reads messages of one type, into the same object.
template <typename Message>
class MessageReader {
 public:
  bool Read(std::string_view message, domain::RawRow* row) {
    if (!message_.ParseFromArray(message.data(), static_cast<int>(message.size()))) return false;
    *row = wire::ToRawRow(message_);
    return true;
  }

 private:
  Message message_;
};

// `type`: what the bytes of a row are to be.
template <typename Reader>
absl::StatusOr<PreparedWrite> ReadPushed(const PushBatch& batch, const char* field,
                                         const char* type, BatchBuilder::Options options) {
  const std::string name = absl::StrCat(" in batch ", batch.batch_id);
  CLV_RETURN_IF_ERROR(CheckCount(field, batch.rows.size(), name));
  BatchBuilder builder(std::move(options));
  Reader reader;
  domain::RawRow row;
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    if (!reader.Read(batch.rows[i], &row)) {
      return rpc::FieldError(absl::StrCat(field, "[", i, "]"),
                             absl::StrCat("bytes that cannot be read", name), type);
    }
    builder.AddRow(row, std::nullopt);
  }
  return FinishTyped(&builder);
}

template <typename Request>
absl::StatusOr<PreparedWrite> ReadCustomers(const Request& request, BatchBuilder::Options options) {
  return ReadRows(request.customers(), "customers", DataSource::kCustomers, std::move(options));
}

template <typename Request>
absl::StatusOr<PreparedWrite> ReadPurchases(const Request& request, BatchBuilder::Options options) {
  return ReadRows(request.purchases(), "purchases", DataSource::kPurchases, std::move(options));
}

template <typename Request>
absl::StatusOr<PreparedWrite> ReadCustomerClvs(const Request& request,
                                               BatchBuilder::Options options) {
  return ReadRows(request.customer_clvs(), "customer_clvs", DataSource::kCustomerClv,
                  std::move(options));
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
absl::StatusOr<PreparedWrite> ReadTypedBatch(const PushBatch& batch, DataSource data_source,
                                             BatchBuilder::Options options) {
  options.data_source = data_source;
  switch (data_source) {
    case DataSource::kCustomers:
      return ReadPushed<MessageReader<v1::Customer>>(batch, "customers", "a clv.v1.Customer",
                                                     std::move(options));
    case DataSource::kPurchases:
      return ReadPushed<wire::PurchaseMessageReader>(batch, "purchases", "a clv.v1.Purchase",
                                                     std::move(options));
    case DataSource::kCustomerClv:
      return ReadPushed<MessageReader<v1::CustomerClv>>(batch, "customer_clvs",
                                                        "a clv.v1.CustomerClv", std::move(options));
  }
  return absl::InternalError("no such data source");
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
