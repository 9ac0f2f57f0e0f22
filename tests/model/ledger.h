#ifndef CLV_TESTS_MODEL_LEDGER_H_
#define CLV_TESTS_MODEL_LEDGER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/model/condition.h"
#include "tests/model/exact.h"
#include "tests/model/row_parsing.h"

namespace clv::model {

// The rows of one customer that share an order_id, as known at some as_of.
struct Order {
  std::string order_id;
  int64_t date = 0;  // Its earliest row.
  BigInt value;      // Micros, the sum of its rows.
  bool qualifies = false;
  std::vector<const PurchaseRow*> rows;
};

// Figures of one customer, over the whole lifetime or over the orders of a window.
struct Figures {
  BigInt total_spend;      // Micros.
  BigInt refunded_amount;  // Micros, >= 0.
  int64_t purchase_count = 0;
  std::optional<int64_t> first;  // Instants of the first and last purchase.
  std::optional<int64_t> last;
  int64_t distinct_products = 0;
  std::optional<std::string> favorite_category;

  // last - first; 0 with one order; nullopt with none.
  std::optional<int64_t> LifespanSeconds() const;
  // Lifespan over (orders - 1) in days; nullopt below two orders.
  std::optional<Ratio> MeanGapDays() const;
};

// One customer as known at one as_of.
struct Customer {
  std::string id;
  std::string country;  // The attributes: today's, "(unknown)" where nobody says.
  std::string customer_segment;
  std::string acquisition_source;
  const CustomerRow* described = nullptr;  // The `customers` row.
  const ClvRow* import = nullptr;          // The imported record, only when visible.
  std::vector<Order> orders;               // By date, then order_id; the unqualified ones too.
  int64_t unconverted = 0;                 // Rows in other currencies.
  Figures lifetime;                        // With the opening balance.
  int64_t updated_at = 0;                  // Receipt time; not bound by as_of.

  std::vector<const Order*> QualifyingOrders() const;
};

// The winning row of every key, and what each customer looks like at an instant.
class Ledger {
 public:
  explicit Ledger(std::string reporting_currency);

  const std::string& reporting_currency() const { return reporting_currency_; }

  // Applies one row, received at that UTC second, by the rule of corrections.
  void Apply(const CustomerRow& row, int64_t received_at);
  void Apply(const PurchaseRow& row, int64_t received_at);
  void Apply(const ClvRow& row, int64_t received_at);

  // Removes the winning rows of a data source that meet the condition (all without one), with their
  // versions; how many.
  int64_t Remove(const std::string& data_source, const Condition* condition);

  // Removes all rows of a customer, and refuses later ones.
  void Erase(const std::string& customer_id);
  bool IsErased(const std::string& customer_id) const { return erased_.contains(customer_id); }

  // The data's horizon; nullopt without data.
  std::optional<int64_t> Horizon() const;

  // Every customer that some winning row names, by id. Points into this ledger.
  std::vector<Customer> CustomersAt(int64_t as_of) const;

 private:
  void Touch(const std::string& customer_id, int64_t received_at);
  Customer CustomerAt(const std::string& id, const std::vector<const PurchaseRow*>& rows,
                      int64_t as_of) const;

  std::string reporting_currency_;
  std::map<std::string, CustomerRow> customers_;
  std::map<std::string, PurchaseRow> purchases_;
  std::map<std::string, ClvRow> imports_;
  std::map<std::string, int64_t> touched_;  // Greatest receipt time by customer.
  std::set<std::string> erased_;
};

// The figures of the orders dated in [start, end], from rows alone (no opening balance).
Figures FiguresWithin(const Customer& customer, int64_t start, int64_t end);

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_LEDGER_H_
