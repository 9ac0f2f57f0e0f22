#include "services/ingest/customer_export.h"

#include <utility>
#include <vector>

#include "common/base/money.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/domain/data_sources.h"
#include "common/wire/log_codec.h"
#include "common/wire/record_codec.h"
#include "services/ingest/erasure.h"
#include "services/ingest/log_removal.h"
#include "services/ingest/person_traces.h"

namespace clv::ingest {
namespace {

constexpr uint64_t kRowsPerRead = 20'000;
constexpr uint64_t kQuarantinedRowsPerRead = 200;

v1::ComputedClv ToProto(const storage::CustomerValue& value) {
  v1::ComputedClv proto;
  const domain::CustomerSummary& summary = value.summary;
  proto.set_total_spend(FormatMicros(summary.total_spend_micros));
  proto.set_refunded_amount(FormatMicros(summary.refunded_micros));
  proto.set_purchase_count(static_cast<uint64_t>(summary.purchase_count));
  if (summary.first_purchase_date) {
    proto.mutable_first_purchase_date()->set_seconds(*summary.first_purchase_date);
  }
  if (summary.last_purchase_date) {
    proto.mutable_last_purchase_date()->set_seconds(*summary.last_purchase_date);
  }
  proto.set_country(value.attributes.country);
  proto.set_customer_segment(value.attributes.customer_segment);
  proto.set_acquisition_source(value.attributes.acquisition_source);
  proto.mutable_update_time()->set_seconds(value.updated_at);
  return proto;
}

v1::QuarantinedRow ToProto(const storage::QuarantinedRow& row) {
  v1::QuarantinedRow proto;
  proto.set_id(row.id);
  for (const storage::QuarantinedColumn& column : row.columns) {
    v1::QuarantinedColumn* copy = proto.add_columns();
    copy->set_name(column.name);
    if (column.raw) copy->set_raw(ToValidUtf8(*column.raw));
    copy->set_error(column.error);
  }
  proto.set_error(row.error);
  proto.set_import_id(row.import_id);
  proto.mutable_insertion_date()->set_seconds(row.inserted_at_seconds);
  proto.set_raw(ToValidUtf8(row.raw));
  proto.set_raw_length(row.raw_length);
  return proto;
}

}  // namespace

class CustomerExport::OneExport {
 public:
  OneExport(const Options& options, std::string customer_id,
            std::chrono::steady_clock::time_point deadline)
      : options_(options),
        customer_id_(std::move(customer_id)),
        deadline_(deadline),
        traces_(customer_id_) {}

  absl::StatusOr<v1::ExportCustomerResponse> Run() {
    const WriteQueue::TrimHold hold = options_.queue->HoldTrimming();
    CLV_RETURN_IF_ERROR(ReadFacts());
    CLV_RETURN_IF_ERROR(ReadLog());
    CLV_RETURN_IF_ERROR(ReadQuarantine());
    const bool holds_nothing = !response_.has_customer() && response_.purchases().empty() &&
                               !response_.has_imported_clv() && !response_.has_computed_clv() &&
                               response_.quarantined_rows().empty() && response_.log_rows() == 0;
    if (holds_nothing) return absl::NotFoundError("customer_id: nothing is held of this customer");
    return std::move(response_);
  }

 private:
  absl::Status CheckDeadline() const {
    if (std::chrono::steady_clock::now() < deadline_) return absl::OkStatus();
    return absl::DeadlineExceededError("the deadline passed while the log was read");
  }

  absl::Status ReadFacts() {
    CLV_ASSIGN_OR_RETURN(const auto state, options_.facts->Read());
    CLV_ASSIGN_OR_RETURN(const auto customers, state->FindCustomers({customer_id_}));
    for (const auto& [id, customer] : customers) {
      *response_.mutable_customer() = wire::ToProto(customer);
      traces_.AddText(customer.name);
      traces_.AddText(customer.email);
    }
    CLV_ASSIGN_OR_RETURN(const auto purchases, state->PurchasesOf(customer_id_));
    for (const domain::Purchase& purchase : purchases) {
      *response_.add_purchases() = wire::ToProto(purchase);
    }
    CLV_ASSIGN_OR_RETURN(const auto imports, state->FindImports({customer_id_}));
    for (const auto& [id, imported] : imports) {
      *response_.mutable_imported_clv() = wire::ToProto(imported);
    }
    CLV_ASSIGN_OR_RETURN(const auto values, state->FindValues({customer_id_}));
    for (const auto& [id, value] : values) *response_.mutable_computed_clv() = ToProto(value);
    return absl::OkStatus();
  }

  absl::Status ReadLog() {
    const storage::LogPosition first = options_.log->FirstRetainedPosition();
    if (first == 0) return absl::OkStatus();
    LogRemoval rows(customer_id_, "");
    CLV_ASSIGN_OR_RETURN(const auto reader, options_.open_log());
    for (storage::LogPosition at = first - 1;;) {
      CLV_RETURN_IF_ERROR(CheckDeadline());
      CLV_ASSIGN_OR_RETURN(const std::vector<storage::LoggedRecord> records,
                           reader->ReadAfter(at, kRowsPerRead));
      if (records.empty()) break;
      for (const storage::LoggedRecord& record : records) {
        if (!rows.MayName(record.payload)) continue;
        CLV_ASSIGN_OR_RETURN(const wire::LogRows logged, wire::DecodeLogRecord(record.payload));
        rows.Survey(logged);
      }
      at = records.back().position;
    }
    response_.set_log_rows(rows.rows());
    for (const std::string& text : rows.texts()) traces_.AddText(text);
    return absl::OkStatus();
  }

  absl::Status ReadQuarantine() {
    for (const domain::DataSource data_source : domain::kDataSources) {
      for (uint64_t after = 0;;) {
        CLV_RETURN_IF_ERROR(CheckDeadline());
        CLV_ASSIGN_OR_RETURN(
            const std::vector<storage::QuarantinedRow> rows,
            options_.quarantine->ListAfter(data_source, after, kQuarantinedRowsPerRead));
        if (rows.empty()) break;
        for (const storage::QuarantinedRow& row : rows) {
          if (traces_.HeldBy(row)) *response_.add_quarantined_rows() = ToProto(row);
        }
        after = rows.back().id;
      }
    }
    return absl::OkStatus();
  }

  const Options& options_;
  const std::string customer_id_;
  const std::chrono::steady_clock::time_point deadline_;
  PersonTraces traces_;
  v1::ExportCustomerResponse response_;
};

absl::StatusOr<v1::ExportCustomerResponse> CustomerExport::Export(
    const std::string& customer_id, std::chrono::steady_clock::time_point deadline) const {
  CLV_RETURN_IF_ERROR(CheckCustomerId(customer_id));
  return OneExport(options_, customer_id, deadline).Run();
}

}  // namespace clv::ingest
