#include "tests/model/ledger.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

namespace clv::model {
namespace {

constexpr char kUnknown[] = "(unknown)";

// Puts the row into the winners by the rule of corrections: an equal row changes nothing; another
// one wins unless both carry a version time and its own is older. Returns whether it won.
template <typename Row>
bool BecomesWinner(std::map<std::string, Row>& winners, const std::string& key, const Row& row,
                   std::optional<int64_t> Row::*version) {
  const auto present = winners.find(key);
  if (present == winners.end()) {
    winners.emplace(key, row);
    return true;
  }
  const Row& winner = present->second;
  if (row == winner) return false;
  const bool both = (row.*version).has_value() && (winner.*version).has_value();
  if (both && *(row.*version) < *(winner.*version)) return false;
  present->second = row;
  return true;
}

std::string FirstOf(const std::optional<std::string>& described,
                    const std::optional<std::string>& imported) {
  if (described.has_value()) return *described;
  if (imported.has_value()) return *imported;
  return kUnknown;
}

// Groups rows (one customer, reporting currency, up to as_of) into orders.
std::vector<Order> OrdersOf(const std::vector<const PurchaseRow*>& rows) {
  std::map<std::string, Order> by_id;
  for (const PurchaseRow* row : rows) {
    Order& order = by_id[row->order_id];
    if (order.rows.empty() || row->purchase_date < order.date) order.date = row->purchase_date;
    order.order_id = row->order_id;
    order.value += row->amount_micros;
    order.rows.push_back(row);
  }
  std::vector<Order> orders;
  for (auto& [id, order] : by_id) {
    const bool has_negative_row =
        std::any_of(order.rows.begin(), order.rows.end(),
                    [](const PurchaseRow* row) { return row->amount_micros < 0; });
    const bool fully_refunded = has_negative_row && order.value <= 0;
    order.qualifies = order.value >= 0 && !fully_refunded;
    orders.push_back(std::move(order));
  }
  std::sort(orders.begin(), orders.end(), [](const Order& a, const Order& b) {
    return std::tie(a.date, a.order_id) < std::tie(b.date, b.order_id);
  });
  return orders;
}

void AddProducts(const std::vector<const Order*>& qualifying, Figures& figures) {
  std::set<std::string> products;
  std::map<std::string, BigInt> amount_by_category;
  for (const Order* order : qualifying) {
    for (const PurchaseRow* row : order->rows) {
      if (row->product_id.has_value()) products.insert(*row->product_id);
      if (row->product_category.has_value()) {
        amount_by_category[*row->product_category] += row->amount_micros;
      }
    }
  }
  figures.distinct_products = static_cast<int64_t>(products.size());
  BigInt greatest;
  for (const auto& [category, amount] : amount_by_category) {
    if (!figures.favorite_category.has_value() || amount > greatest) {
      figures.favorite_category = category;
      greatest = amount;
    }
  }
}

void Widen(Figures& figures, int64_t instant) {
  if (!figures.first.has_value() || instant < *figures.first) figures.first = instant;
  if (!figures.last.has_value() || instant > *figures.last) figures.last = instant;
}

// Puts the imported record below the figures of the rows: sums and counts start at the record, and
// only what is dated after it counts.
void AddOpeningBalance(const Customer& customer, Figures& figures) {
  const ClvRow& import = *customer.import;
  figures.total_spend = import.total_spend_micros;
  figures.refunded_amount = 0;
  figures.purchase_count = import.purchase_count;
  for (const Order& order : customer.orders) {
    if (order.qualifies && order.date > import.updated_at) figures.purchase_count += 1;
    for (const PurchaseRow* row : order.rows) {
      if (row->purchase_date <= import.updated_at) continue;
      figures.total_spend += row->amount_micros;
      if (row->amount_micros < 0) figures.refunded_amount -= row->amount_micros;
    }
  }
  Widen(figures, import.first_purchase_date);
  Widen(figures, import.last_purchase_date);
}

}  // namespace

std::optional<int64_t> Figures::LifespanSeconds() const {
  if (!first.has_value() || purchase_count < 1) return std::nullopt;
  return purchase_count == 1 ? 0 : *last - *first;
}

std::optional<Ratio> Figures::MeanGapDays() const {
  if (purchase_count < 2) return std::nullopt;
  return Ratio(BigInt(*LifespanSeconds()), BigInt(purchase_count - 1) * kSecondsPerDay);
}

std::vector<const Order*> Customer::QualifyingOrders() const {
  std::vector<const Order*> qualifying;
  for (const Order& order : orders) {
    if (order.qualifies) qualifying.push_back(&order);
  }
  return qualifying;
}

Ledger::Ledger(std::string reporting_currency)
    : reporting_currency_(std::move(reporting_currency)) {}

void Ledger::Touch(const std::string& customer_id, int64_t received_at) {
  const auto [entry, inserted] = touched_.emplace(customer_id, received_at);
  if (!inserted) entry->second = std::max(entry->second, received_at);
}

void Ledger::Apply(const CustomerRow& row, int64_t received_at) {
  if (BecomesWinner(customers_, row.customer_id, row, &CustomerRow::created_at)) {
    Touch(row.customer_id, received_at);
  }
}

void Ledger::Apply(const PurchaseRow& row, int64_t received_at) {
  const auto before = purchases_.find(row.purchase_id);
  const std::string left =
      before == purchases_.end() ? row.customer_id : before->second.customer_id;
  if (BecomesWinner(purchases_, row.purchase_id, row, &PurchaseRow::created_at)) {
    Touch(left, received_at);
    Touch(row.customer_id, received_at);
  }
}

void Ledger::Apply(const ClvRow& row, int64_t received_at) {
  const auto present = imports_.find(row.customer_id);
  if (present != imports_.end()) {
    if (row == present->second || row.updated_at < present->second.updated_at) return;
  }
  imports_[row.customer_id] = row;
  Touch(row.customer_id, received_at);
}

std::optional<int64_t> Ledger::Horizon() const {
  std::optional<int64_t> horizon;
  const auto see = [&](int64_t instant) { horizon = std::max(horizon.value_or(instant), instant); };
  for (const auto& [id, row] : purchases_) {
    if (row.currency == reporting_currency_) see(row.purchase_date);
  }
  for (const auto& [id, row] : imports_) see(row.last_purchase_date);
  return horizon;
}

int64_t Ledger::Remove(const std::string& data_source, const Condition* condition) {
  const auto is_meant = [&](const auto& entry) {
    return condition == nullptr || IsMetBy(*condition, entry.second);
  };
  if (data_source == "customers") return static_cast<int64_t>(std::erase_if(customers_, is_meant));
  if (data_source == "purchases") return static_cast<int64_t>(std::erase_if(purchases_, is_meant));
  return static_cast<int64_t>(std::erase_if(imports_, is_meant));
}

void Ledger::Erase(const std::string& customer_id) {
  customers_.erase(customer_id);
  imports_.erase(customer_id);
  std::erase_if(purchases_,
                [&](const auto& entry) { return entry.second.customer_id == customer_id; });
  touched_.erase(customer_id);
  erased_.insert(customer_id);
}

std::vector<Customer> Ledger::CustomersAt(int64_t as_of) const {
  std::map<std::string, std::vector<const PurchaseRow*>> rows_by_customer;
  for (const auto& [id, row] : customers_) rows_by_customer[id];
  for (const auto& [id, row] : imports_) rows_by_customer[id];
  for (const auto& [id, row] : purchases_) rows_by_customer[row.customer_id].push_back(&row);
  std::vector<Customer> customers;
  for (const auto& [id, rows] : rows_by_customer) customers.push_back(CustomerAt(id, rows, as_of));
  return customers;
}

Customer Ledger::CustomerAt(const std::string& id, const std::vector<const PurchaseRow*>& rows,
                            int64_t as_of) const {
  Customer customer;
  customer.id = id;
  if (const auto entry = touched_.find(id); entry != touched_.end()) {
    customer.updated_at = entry->second;
  }

  static const CustomerRow kNobody;
  static const ClvRow kNothing;
  const auto described = customers_.find(id);
  if (described != customers_.end()) customer.described = &described->second;
  const auto import = imports_.find(id);
  const bool imported = import != imports_.end();
  if (imported && import->second.last_purchase_date <= as_of) customer.import = &import->second;
  const CustomerRow& said = customer.described == nullptr ? kNobody : *customer.described;
  const ClvRow& record = imported ? import->second : kNothing;
  customer.country = FirstOf(said.country, record.country);
  customer.customer_segment = FirstOf(said.customer_segment, record.customer_segment);
  customer.acquisition_source = FirstOf(said.acquisition_source, record.acquisition_source);

  std::vector<const PurchaseRow*> counted;
  for (const PurchaseRow* row : rows) {
    if (row->purchase_date > as_of) continue;
    if (row->currency == reporting_currency_) {
      counted.push_back(row);
    } else {
      customer.unconverted += 1;
    }
  }
  customer.orders = OrdersOf(counted);
  customer.lifetime = FiguresWithin(customer, std::numeric_limits<int64_t>::min(),
                                    std::numeric_limits<int64_t>::max());
  if (customer.import != nullptr) AddOpeningBalance(customer, customer.lifetime);
  return customer;
}

Figures FiguresWithin(const Customer& customer, int64_t start, int64_t end) {
  Figures figures;
  std::vector<const Order*> qualifying;
  for (const Order& order : customer.orders) {
    if (order.date < start || order.date > end) continue;
    figures.total_spend += order.value;
    for (const PurchaseRow* row : order.rows) {
      if (row->amount_micros < 0) figures.refunded_amount -= row->amount_micros;
    }
    if (!order.qualifies) continue;
    qualifying.push_back(&order);
    figures.purchase_count += 1;
    Widen(figures, order.date);
  }
  AddProducts(qualifying, figures);
  return figures;
}

}  // namespace clv::model
