#ifndef CLV_TESTS_MODEL_REPORTS_H_
#define CLV_TESTS_MODEL_REPORTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tests/model/exact.h"
#include "tests/model/ledger.h"
#include "tests/model/naive_model.h"
#include "tests/model/parameters.h"

namespace clv::model {

using Answer = std::variant<Table, Error>;

// One function for each endpoint (3.1 to 3.7).
Answer CustomerRetention(const Ledger& ledger, Parameters& parameters);
Answer ClvBySegment(const Ledger& ledger, Parameters& parameters);
Answer ClvByAcquisitionSource(const Ledger& ledger, Parameters& parameters);
Answer PurchaseFrequencyAnalysis(const Ledger& ledger, Parameters& parameters);
Answer ClvPrediction(const Ledger& ledger, Parameters& parameters);
Answer CustomerSegmentation(const Ledger& ledger, Parameters& parameters);
Answer TotalCustomerValue(const Ledger& ledger, Parameters& parameters, bool full_emails);

// What a request looks at: everybody at its as_of.
struct Scene {
  Scene(const Ledger& ledger, int64_t as_of, const Filters& filters);
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  int64_t as_of;
  std::vector<Customer> customers;          // Every id some row names.
  std::vector<const Customer*> passing;     // Those that pass the filters, buyers or not.
  std::vector<const Customer*> everyone;    // The population before filters.
  std::vector<const Customer*> population;  // The population.
  int64_t unconverted = 0;
};

// The default as_of: the data's horizon, without data now; for scores the end of its day.
int64_t DefaultAsOf(const Ledger& ledger, int64_t now);
int64_t DefaultScoringAsOf(const Ledger& ledger, int64_t now);

// An empty answer of that scene with these columns.
Table TableFor(const Scene& scene, std::vector<std::string> columns);
// Cuts the rows to the wanted page and states how many there were, where that is to be stated.
void Cut(Table& table, const Paging& paging, std::optional<int64_t> default_limit);

Cell TextOrNull(const std::optional<std::string>& text);
Cell InstantOrNull(const std::optional<int64_t>& seconds);
BigInt TotalSpend(const std::vector<const Customer*>& customers);
BigInt PurchaseCount(const std::vector<const Customer*>& customers);

struct RfmScores {
  int r = 0, f = 0, m = 0;
  int fm = 0;
  std::string segment;
};
// The scores of each customer within `everyone`, by id.
std::map<std::string, RfmScores> ScoreRfm(const std::vector<const Customer*>& everyone);

// The model `average`: one rate and one order value for all.
struct AverageModel {
  BigReal repeat_orders_per_day;
  std::optional<BigReal> order_value;  // Currency units; nullopt without orders.

  // margin * order value * rate * integral of the discount factor over the horizon.
  std::optional<BigReal> DiscountedValue(int64_t horizon_days, const BigReal& discount_rate,
                                         const BigReal& margin) const;
};
AverageModel FitAverage(const std::vector<const Customer*>& everyone, int64_t as_of);

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_REPORTS_H_
