#include "common/wire/log_codec.h"

#include <google/protobuf/arena.h>

#include <limits>

#include "absl/status/status.h"
#include "clv/log/v1/log_record.pb.h"
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

}  // namespace

std::string EncodeLogRecord(const LogRows& rows) {
  google::protobuf::Arena arena(LargeBlocks());
  auto* record = google::protobuf::Arena::CreateMessage<log::v1::LogRecord>(&arena);
  record->set_received_at_seconds(rows.received_at_seconds);
  record->mutable_customers()->Reserve(static_cast<int>(rows.customers.size()));
  record->mutable_purchases()->Reserve(static_cast<int>(rows.purchases.size()));
  record->mutable_customer_clvs()->Reserve(static_cast<int>(rows.customer_clvs.size()));
  for (const domain::Customer& customer : rows.customers)
    SetFields(customer, *record->add_customers());
  for (const domain::Purchase& purchase : rows.purchases)
    SetFields(purchase, *record->add_purchases());
  for (const domain::ImportedClv& clv : rows.customer_clvs)
    SetFields(clv, *record->add_customer_clvs());
  return record->SerializeAsString();
}

absl::StatusOr<LogRows> DecodeLogRecord(std::string_view payload) {
  google::protobuf::Arena arena(LargeBlocks());
  auto* record = google::protobuf::Arena::CreateMessage<log::v1::LogRecord>(&arena);
  if (payload.size() > std::numeric_limits<int>::max() ||
      !record->ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return absl::DataLossError("log record: the payload is no clv.log.v1.LogRecord");
  }
  LogRows rows;
  rows.received_at_seconds = record->received_at_seconds();
  rows.customers.reserve(record->customers().size());
  rows.purchases.reserve(record->purchases().size());
  rows.customer_clvs.reserve(record->customer_clvs().size());
  for (const v1::Customer& customer : record->customers())
    rows.customers.push_back(FromProto(customer));
  for (const v1::Purchase& purchase : record->purchases())
    rows.purchases.push_back(FromProto(purchase));
  for (const v1::CustomerClv& clv : record->customer_clvs())
    rows.customer_clvs.push_back(FromProto(clv));
  return rows;
}

}  // namespace clv::wire
