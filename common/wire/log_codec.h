// common/wire/log_codec.h: the payload of one record of the event log.
#ifndef CLV_COMMON_WIRE_LOG_CODEC_H_
#define CLV_COMMON_WIRE_LOG_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/domain/records.h"

namespace clv::wire {

// The valid rows of one batch in the order in which they were sent; rows of one data source only,
// the other lists are empty.
struct LogRows {
  int64_t received_at_seconds = 0;  // UTC
  std::vector<domain::Customer> customers;
  std::vector<domain::Purchase> purchases;
  std::vector<domain::ImportedClv> customer_clvs;

  size_t size() const { return customers.size() + purchases.size() + customer_clvs.size(); }
  bool operator==(const LogRows&) const = default;
};

// A serialised clv.log.v1.LogRecord.
std::string EncodeLogRecord(const LogRows& rows);

// The rows of a payload. DATA_LOSS when the bytes are no LogRecord.
absl::StatusOr<LogRows> DecodeLogRecord(std::string_view payload);

}  // namespace clv::wire

#endif  // CLV_COMMON_WIRE_LOG_CODEC_H_
