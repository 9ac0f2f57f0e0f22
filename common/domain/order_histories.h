// common/domain/order_histories.h: the order days of all customers, from which histories as of any
// day are made, for fits and backtests.
//
// Memory: 12 bytes an order day and 4 a customer. Days are UTC days since 1970-01-01.
#ifndef CLV_COMMON_DOMAIN_ORDER_HISTORIES_H_
#define CLV_COMMON_DOMAIN_ORDER_HISTORIES_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "common/domain/customer_prediction.h"
#include "common/domain/customer_summary.h"
#include "common/domain/gamma_gamma.h"
#include "common/domain/history_groups.h"

namespace clv::domain {

// The history as of the end of `day` of a customer with these order days, all of them up to then,
// and this imported record (null: none), of which at least one is there.
CustomerHistory HistoryOf(absl::Span<const OrderDay> days, const ImportedClv* imported,
                          int64_t day);

// Customers with at least one order day.
class OrderHistories {
 public:
  // Days rise; at least one.
  void Add(absl::Span<const OrderDay> days);
  // A customer with an imported record, of whom only the present history is known: it takes part in
  // fits, not in backtests. `first_day` is day of the first order, the tenure is not looked at.
  void AddImported(int32_t first_day, const CustomerHistory& history);

  size_t customers() const { return offsets_.size() - 1; }
  size_t imported_customers() const { return imported_.size(); }

  // Earliest and latest order day of customers with known days; 0 without any.
  int32_t first_day() const { return first_day_; }
  int32_t last_day() const { return last_day_; }

  absl::Span<const int32_t> DaysOf(size_t customer) const {
    return {&days_[offsets_[customer]], offsets_[customer + 1] - offsets_[customer]};
  }

  // The histories of the customers acquired up to the end of `day`, as they were then; with all
  // imported ones where `day` is not before last_day().
  HistoryGroups HistoriesAt(int32_t day, double days_per_unit = 1) const;
  SpendHistories SpendAt(int32_t day) const;
  // Mean value in currency units of all order days up to `day` with a positive value; 0 without
  // any.
  double MeanOrderValueAt(int32_t day) const;

  // Every n-th customer, so that at most about `most` are left; without the imported ones.
  OrderHistories Sample(size_t most) const;

 private:
  struct Imported {
    int32_t first_day = 0;
    CustomerHistory history;
  };

  std::vector<uint32_t> offsets_ = {0};
  std::vector<int32_t> days_;
  std::vector<int64_t> values_;
  std::vector<Imported> imported_;
  int32_t first_day_ = 0;
  int32_t last_day_ = 0;
};

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_ORDER_HISTORIES_H_
