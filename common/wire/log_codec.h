// common/wire/log_codec.h: the payload of one record of the event log.
#ifndef CLV_COMMON_WIRE_LOG_CODEC_H_
#define CLV_COMMON_WIRE_LOG_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "common/domain/records.h"
#include "common/domain/row_condition.h"
#include "common/wire/purchase_batch.h"

namespace clv::wire {

// Removes the facts of a data source that meet the condition; all without one.
struct RowDeletion {
  domain::DataSource data_source = domain::DataSource::kCustomers;
  std::optional<domain::RowCondition> condition;

  bool operator==(const RowDeletion&) const = default;
};

// Folds the staged rows of a load here, after removing what they replace.
struct LoadCommit {
  std::string load_id;
  uint64_t first_position = 0;  // of its first staged record; 0 when it has none
  RowDeletion replaces;

  bool operator==(const LoadCommit&) const = default;
};

// Removes all facts of a customer. Without an id: an erasure whose every trace is gone.
struct CustomerErasure {
  std::string customer_id;
  // Names and e-mails known when it began; the fold does not look at them.
  std::vector<std::string> known_texts = {};

  bool operator==(const CustomerErasure&) const = default;
};

// What a record does instead of adding rows.
using LogCommand = std::variant<std::monostate, RowDeletion, LoadCommit, CustomerErasure>;

// The valid rows of one batch in the order in which they were sent, rows of one data source only,
// the other lists are empty; or a command, and no rows.
struct LogRows {
  int64_t received_at_seconds = 0;  // UTC
  std::vector<domain::Customer> customers;
  // One without a customer_id stands for a version of an erased customer.
  std::vector<domain::Purchase> purchases;
  std::vector<domain::ImportedClv> customer_clvs;
  std::string load_id;         // not empty: staged, see LoadCommit
  bool wants_outcome = false;  // somebody will ask what its fold did
  LogCommand command;

  size_t size() const { return customers.size() + purchases.size() + customer_clvs.size(); }
  bool operator==(const LogRows&) const = default;
};

// A serialised clv.log.v1.LogRecord.
std::string EncodeLogRecord(const LogRows& rows);
// The same with purchases as PurchaseBatchWriter has packed them; `rows.purchases` is empty.
std::string EncodeLogRecord(const LogRows& rows, std::string packed_purchases);

// What a payload holds. DATA_LOSS when the bytes are no LogRecord, or its command cannot be read.
absl::StatusOr<LogRows> DecodeLogRecord(std::string_view payload);

// The same with the purchases as they are packed; `rows.purchases` is empty.
struct PackedLogRows {
  LogRows rows;
  PurchaseBatch purchases;
};
absl::StatusOr<PackedLogRows> DecodePackedLogRecord(std::string_view payload);

}  // namespace clv::wire

#endif  // CLV_COMMON_WIRE_LOG_CODEC_H_
