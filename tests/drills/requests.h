// tests/drills/requests.h: what the clients of a drill send, and what must follow from it.
#ifndef CLV_TESTS_DRILLS_REQUESTS_H_
#define CLV_TESTS_DRILLS_REQUESTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/storage/storage.h"
#include "services/ingest/batch_builder.h"
#include "tests/model/condition.h"

namespace clv::drills {

// One request: rows of one data source, some of them refused, or a deletion. Always one record.
struct Request {
  std::string data_source;
  std::vector<std::string> rows;            // JSON texts; none: a deletion
  std::optional<model::Condition> deletes;  // absent: rows
  int64_t received_at_seconds = 0;
  ingest::PreparedWrite write;  // what ingest makes of it
};

// A random history as requests: customers, purchases, imports, corrections, moves, duplicates, late
// versions, refused rows, deletions. `customers` and `purchases` are the most of each.
std::vector<Request> RandomRequests(uint64_t seed, int customers, int purchases);

// What must be there once requests are folded in a given order, by the naive model.
struct Expectation {
  uint64_t rows = 0;                                                // valid rows
  uint64_t removed_rows = 0;                                        // by deletions
  std::map<storage::DataSource, std::vector<std::string>> refused;  // raw texts, in order
  std::map<std::string, std::string> customers;  // their numbers as text, see CustomerText
};
Expectation ExpectationOf(const std::vector<const Request*>& in_log_order);

// A customer's numbers as both sides write them; decimals as text, absent instants as `null`.
std::string CustomerText(const std::vector<std::string>& cells);

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_REQUESTS_H_
