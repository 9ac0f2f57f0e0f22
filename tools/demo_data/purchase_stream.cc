#include "tools/demo_data/purchase_stream.h"

#include <algorithm>
#include <array>
#include <queue>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "tools/demo_data/samplers.h"

namespace clv::demo_data {
namespace {

constexpr int64_t kDay = 86400;

// Cents of each of `items` rows of an order; every row gets at least one cent.
std::vector<int64_t> SplitOrder(int64_t cents, int64_t items, RandomStream& random) {
  std::vector<int64_t> parts;
  for (int64_t left = items; left > 1; --left) {
    const int64_t spare = cents - left;
    const double share = (0.5 + random.Uniform()) / static_cast<double>(left);
    const auto part = static_cast<int64_t>(1 + static_cast<double>(spare) * std::min(share, 1.0));
    parts.push_back(part);
    cents -= part;
  }
  parts.push_back(cents);
  return parts;
}

class Sender {
 public:
  Sender(const Shop& shop, const std::function<absl::Status(const PurchaseRow&)>& visit)
      : shop_(shop), options_(shop.options()), visit_(visit) {}

  absl::StatusOr<PurchaseCounts> Run() {
    for (const OrderEvent& order : shop_.Orders()) {
      CLV_RETURN_IF_ERROR(SendDue(shop_.EpochSecond(order.second)));
      CLV_RETURN_IF_ERROR(SendOrder(order));
    }
    while (!waiting_.empty()) {
      CLV_RETURN_IF_ERROR(SendNextWaiting());
    }
    return counts_;
  }

 private:
  struct Waiting {
    int64_t due_second;
    uint64_t sequence;  // makes the order total
    PurchaseRow row;
    bool operator<(const Waiting& other) const {  // the queue's top is its greatest
      return due_second != other.due_second ? due_second > other.due_second
                                            : sequence > other.sequence;
    }
  };

  absl::Status SendOrder(const OrderEvent& order) {
    RandomStream random =
        StreamOf(options_, StreamPurpose::kOrderContent, next_number_ - kFirstPurchaseNumber);
    const Customer& customer = shop_.customers()[order.customer];
    const double spend_p = shop_.behaviour_params(customer.segment).spend_p;
    const int64_t cents = SampleOrderCents(spend_p, customer.behaviour.mean_order_value, random);
    PurchaseRow row;
    row.customer_number = kFirstCustomerNumber + order.customer;
    row.purchase_second = shop_.EpochSecond(order.second);
    row.created_second = row.purchase_second;
    row.payment_method = PaymentMethods()[SampleIndex(random, PaymentMethodWeights())];
    row.currency = options_.currency;
    if (options_.other_currency > 0 && random.Chance(options_.other_currency)) {
      row.currency = OtherCurrency(customer);
    }
    if (!options_.multi_item_orders) {
      return SendItem(row, cents, order.customer, random);
    }
    constexpr int64_t kMostItems = 5;
    const int64_t wanted = 1 + SamplePoisson(random, kMeanItemsOfMultiItemOrders - 1);
    const int64_t items = std::min({wanted, kMostItems, cents});
    if (items > 1) {
      row.order_number = next_number_;
    }
    for (const int64_t part : SplitOrder(cents, items, random)) {
      CLV_RETURN_IF_ERROR(SendItem(row, part, order.customer, random));
    }
    return absl::OkStatus();
  }

  absl::Status SendItem(PurchaseRow row, int64_t cents, uint32_t customer, RandomStream& random) {
    row.purchase_number = next_number_++;
    row.amount_cents = cents;
    row.product = PickProduct(customer, cents, random);
    RandomStream fate =
        StreamOf(options_, StreamPurpose::kRowFate, row.purchase_number - kFirstPurchaseNumber);
    int64_t sent_second = row.purchase_second;
    if (fate.Chance(options_.late)) {
      row.late = true;
      sent_second += 3600 + static_cast<int64_t>(fate.Below(60 * kDay));
      Wait(sent_second, row);
    }
    if (fate.Chance(options_.duplicates)) {
      // Half are a client's immediate retry, half a job that ran twice.
      const uint64_t span = fate.Chance(0.5) ? 60 : 3 * kDay;
      PurchaseRow duplicate = row;
      duplicate.kind = RowKind::kDuplicate;
      Wait(sent_second + 1 + static_cast<int64_t>(fate.Below(span)), duplicate);
    }
    if (fate.Chance(options_.corrections)) {
      Correct(row, customer, fate);
    } else if (fate.Chance(options_.refunds)) {
      Refund(row, fate);
    }
    return row.late ? absl::OkStatus() : Send(row);
  }

  // Half of the customers' orders are of a favourite category, which follows from the customer's
  // number.
  const Product* PickProduct(uint32_t customer, int64_t cents, RandomStream& random) const {
    const uint64_t favourite = (customer * uint64_t{2654435761}) >> 16;
    const size_t category =
        random.Chance(0.5) ? favourite % kCategoryCount : random.Below(kCategoryCount);
    return &ProductAt(category, random.Below(kProductsPerCategory), cents);
  }

  std::string_view OtherCurrency(const Customer& customer) const {
    const std::string_view local = Countries()[customer.country].currency;
    if (local != options_.currency) {
      return local;
    }
    return options_.currency == "EUR" ? "USD" : "EUR";
  }

  // Schedules a later version of `row`. None when the shop's time ends in the very second of the
  // purchase.
  void Correct(PurchaseRow row, uint32_t customer, RandomStream& fate) {
    row.created_second = std::min(
        row.purchase_second + 3600 + static_cast<int64_t>(fate.Below(14 * kDay)), LastSecond());
    if (row.created_second <= row.purchase_second) {
      return;
    }
    row.kind = RowKind::kCorrection;
    row.late = false;
    const double change = fate.Uniform();
    if (change < 0.1 && customer > 0) {
      // Lower numbers signed up earlier, so no purchase comes before its customer's signup.
      row.customer_number = kFirstCustomerNumber + fate.Below(customer);
    } else if (change < 0.3) {
      const auto methods = PaymentMethods();
      const auto present = std::find(methods.begin(), methods.end(), row.payment_method);
      const auto index = static_cast<size_t>(present - methods.begin());
      row.payment_method = methods[(index + 1 + fate.Below(methods.size() - 1)) % methods.size()];
    } else {
      const int64_t cents = row.amount_cents * static_cast<int64_t>(50 + fate.Below(100)) / 100;
      row.amount_cents = cents == row.amount_cents ? cents + 100 : std::max<int64_t>(cents, 2);
    }
    Wait(row.created_second, row);
  }

  // Schedules the refund of `row`: of the whole amount in seven of ten cases. None after the end of
  // the shop's time.
  void Refund(PurchaseRow row, RandomStream& fate) {
    row.purchase_second += kDay + static_cast<int64_t>(fate.Below(29 * kDay));
    if (row.purchase_second > LastSecond()) {
      return;
    }
    row.kind = RowKind::kRefund;
    row.late = false;
    row.created_second = row.purchase_second;
    row.order_number = row.order_number.value_or(row.purchase_number);
    const auto percent = static_cast<int64_t>(fate.Chance(0.7) ? 100 : 10 + fate.Below(81));
    row.amount_cents = -std::max<int64_t>(1, row.amount_cents * percent / 100);
    Wait(row.purchase_second, row);
  }

  int64_t LastSecond() const { return shop_.EpochSecond(shop_.last_second()); }

  void Wait(int64_t due_second, const PurchaseRow& row) {
    waiting_.push({.due_second = due_second, .sequence = next_sequence_++, .row = row});
  }

  absl::Status SendDue(int64_t now_second) {
    while (!waiting_.empty() && waiting_.top().due_second < now_second) {
      CLV_RETURN_IF_ERROR(SendNextWaiting());
    }
    return absl::OkStatus();
  }

  absl::Status SendNextWaiting() {
    const PurchaseRow row = waiting_.top().row;
    waiting_.pop();
    return Send(row);
  }

  absl::Status Send(const PurchaseRow& row) {
    switch (row.kind) {
      case RowKind::kOriginal:
        ++counts_.originals;
        counts_.late += row.late ? 1 : 0;
        break;
      case RowKind::kDuplicate:
        ++counts_.duplicates;
        break;
      case RowKind::kCorrection:
        ++counts_.corrections;
        break;
      case RowKind::kRefund:
        ++counts_.refunds;
        break;
    }
    return visit_(row);
  }

  const Shop& shop_;
  const ShopOptions& options_;
  const std::function<absl::Status(const PurchaseRow&)>& visit_;
  std::priority_queue<Waiting> waiting_;
  uint64_t next_number_ = kFirstPurchaseNumber;
  uint64_t next_sequence_ = 0;
  PurchaseCounts counts_;
};

}  // namespace

absl::StatusOr<PurchaseCounts> ForEachPurchase(
    const Shop& shop, const std::function<absl::Status(const PurchaseRow&)>& visit) {
  return Sender(shop, visit).Run();
}

}  // namespace clv::demo_data
