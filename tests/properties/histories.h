// tests/properties/histories.h: random histories of what clients send.
//
// Everything follows from a seed. Histories are built to hit the hard places of ENDPOINTS.md:
// corrections, moves, refunds, imports, late customers, shared orders, equal instants, instants at
// the edges of days, weeks, months and years, other currencies, rows that are refused.
#ifndef CLV_TESTS_PROPERTIES_HISTORIES_H_
#define CLV_TESTS_PROPERTIES_HISTORIES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/properties/dice.h"

namespace clv::properties {

// 2024-03-15 12:00:00, where histories end.
inline constexpr int64_t kNow = 1'710'504'000;

// One value that a client sends: the text of one JSON value, or text that is none.
struct SentRow {
  std::string data_source;
  std::string json;
};

struct HistoryOptions {
  int max_customers = 12;
  int max_purchases = 120;
  // Versions of one key carry distinct `created_at` or `updated_at`, so that their order of arrival
  // does not matter.
  bool order_matters = true;
};

struct History {
  std::vector<SentRow> rows;
  // What questions may name.
  std::vector<std::string> customer_ids;
  std::vector<int64_t> instants;
};

History RandomHistory(uint64_t seed, const HistoryOptions& options = {});

// A run of rows of one data source that travel together.
struct Batch {
  std::string data_source;
  std::vector<std::string> values;
};

// Cuts the rows into batches of at most `max_rows`, in order.
std::vector<Batch> SplitIntoBatches(const std::vector<SentRow>& rows, int64_t max_rows, Dice* dice);

// The body of a batch in one of the forms that are accepted. Text that is no JSON only travels in
// lines of its own.
std::string BodyOf(const Batch& batch, Dice* dice);

}  // namespace clv::properties

#endif  // CLV_TESTS_PROPERTIES_HISTORIES_H_
