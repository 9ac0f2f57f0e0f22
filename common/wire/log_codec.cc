#include "common/wire/log_codec.h"

#include <google/protobuf/arena.h>

#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "clv/log/v1/log_record.pb.h"
#include "common/base/status_macros.h"
#include "common/wire/condition_codec.h"
#include "common/wire/record_codec.h"
#include "common/wire/record_fields.h"

namespace clv::wire {
namespace {

// Rows are many and small: an arena spares an allocation for each message.
google::protobuf::ArenaOptions LargeBlocks() {
  google::protobuf::ArenaOptions options;
  options.start_block_size = 64 << 10;
  options.max_block_size = 1 << 20;
  return options;
}

void SetDeletion(const RowDeletion& deletion, log::v1::DeleteRows& proto) {
  proto.set_data_source(static_cast<int32_t>(deletion.data_source));
  if (deletion.condition) {
    SetCondition(deletion.data_source, *deletion.condition, *proto.mutable_condition());
  }
}

absl::StatusOr<RowDeletion> DeletionFrom(const log::v1::DeleteRows& proto) {
  RowDeletion deletion{.data_source = static_cast<domain::DataSource>(proto.data_source())};
  if (domain::DataSourceName(deletion.data_source).empty()) {
    return absl::DataLossError("log record: a deletion names no data source");
  }
  if (proto.has_condition()) {
    CLV_ASSIGN_OR_RETURN(deletion.condition,
                         ConditionFrom(deletion.data_source, proto.condition()));
  }
  return deletion;
}

void SetCommand(const LogCommand& command, log::v1::LogRecord& record) {
  if (const auto* deletion = std::get_if<RowDeletion>(&command)) {
    SetDeletion(*deletion, *record.mutable_delete_rows());
  } else if (const auto* commit = std::get_if<LoadCommit>(&command)) {
    record.mutable_commit_load()->set_load_id(commit->load_id);
    record.mutable_commit_load()->set_first_position(commit->first_position);
    SetDeletion(commit->replaces, *record.mutable_commit_load()->mutable_replaces());
  } else if (const auto* erasure = std::get_if<CustomerErasure>(&command)) {
    record.mutable_erase_customer()->set_customer_id(erasure->customer_id);
    for (const std::string& text : erasure->known_texts) {
      record.mutable_erase_customer()->add_known_texts(text);
    }
  }
}

absl::StatusOr<LogCommand> CommandFrom(const log::v1::LogRecord& record) {
  switch (record.command_case()) {
    case log::v1::LogRecord::kDeleteRows: {
      CLV_ASSIGN_OR_RETURN(RowDeletion deletion, DeletionFrom(record.delete_rows()));
      return deletion;
    }
    case log::v1::LogRecord::kCommitLoad: {
      LoadCommit commit{.load_id = record.commit_load().load_id(),
                        .first_position = record.commit_load().first_position()};
      CLV_ASSIGN_OR_RETURN(commit.replaces, DeletionFrom(record.commit_load().replaces()));
      return commit;
    }
    case log::v1::LogRecord::kEraseCustomer: {
      const log::v1::EraseCustomer& erasure = record.erase_customer();
      return CustomerErasure{
          .customer_id = erasure.customer_id(),
          .known_texts = {erasure.known_texts().begin(), erasure.known_texts().end()}};
    }
    case log::v1::LogRecord::COMMAND_NOT_SET:
      break;
  }
  return LogCommand();
}

}  // namespace

std::string EncodeLogRecord(const LogRows& rows) {
  return EncodeLogRecord(rows, PackPurchaseBatch(rows.purchases));
}

std::string EncodeLogRecord(const LogRows& rows, std::string packed_purchases) {
  google::protobuf::Arena arena(LargeBlocks());
  auto* record = google::protobuf::Arena::CreateMessage<log::v1::LogRecord>(&arena);
  record->set_received_at_seconds(rows.received_at_seconds);
  record->mutable_customers()->Reserve(static_cast<int>(rows.customers.size()));
  record->mutable_customer_clvs()->Reserve(static_cast<int>(rows.customer_clvs.size()));
  for (const domain::Customer& customer : rows.customers)
    SetFields(customer, *record->add_customers());
  record->set_packed_purchases(std::move(packed_purchases));
  for (const domain::ImportedClv& clv : rows.customer_clvs)
    SetFields(clv, *record->add_customer_clvs());
  record->set_load_id(rows.load_id);
  record->set_wants_outcome(rows.wants_outcome);
  SetCommand(rows.command, *record);
  return record->SerializeAsString();
}

absl::StatusOr<PackedLogRows> DecodePackedLogRecord(std::string_view payload) {
  google::protobuf::Arena arena(LargeBlocks());
  auto* record = google::protobuf::Arena::CreateMessage<log::v1::LogRecord>(&arena);
  if (payload.size() > std::numeric_limits<int>::max() ||
      !record->ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return absl::DataLossError("log record: the payload is no clv.log.v1.LogRecord");
  }
  PackedLogRows packed;
  LogRows& rows = packed.rows;
  rows.received_at_seconds = record->received_at_seconds();
  rows.customers.reserve(record->customers().size());
  rows.customer_clvs.reserve(record->customer_clvs().size());
  for (const v1::Customer& customer : record->customers())
    rows.customers.push_back(FromProto(customer));
  for (const v1::CustomerClv& clv : record->customer_clvs())
    rows.customer_clvs.push_back(FromProto(clv));
  rows.load_id = record->load_id();
  rows.wants_outcome = record->wants_outcome();
  CLV_ASSIGN_OR_RETURN(rows.command, CommandFrom(*record));
  if (record->purchases().empty()) {
    CLV_ASSIGN_OR_RETURN(packed.purchases,
                         UnpackPurchaseBatch(std::move(*record->mutable_packed_purchases())));
    return packed;
  }
  std::vector<domain::Purchase> purchases;
  for (const v1::Purchase& purchase : record->purchases()) purchases.push_back(FromProto(purchase));
  packed.purchases = BatchOf(purchases);
  return packed;
}

absl::StatusOr<LogRows> DecodeLogRecord(std::string_view payload) {
  CLV_ASSIGN_OR_RETURN(PackedLogRows packed, DecodePackedLogRecord(payload));
  packed.rows.purchases.reserve(packed.purchases.size());
  for (size_t i = 0; i < packed.purchases.size(); ++i) {
    packed.rows.purchases.push_back(packed.purchases.PurchaseAt(i));
  }
  return std::move(packed.rows);
}

}  // namespace clv::wire
