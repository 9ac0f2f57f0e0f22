#include "common/storage/projected_customer_codec.h"

#include <cstddef>
#include <optional>

namespace clv::storage {
namespace {

constexpr int64_t kMicrosPerCent = 10'000;

enum Flag : uint8_t {
  kDescribed = 1,
  kImportedValue = 2,  // as the value says
  kHasSignup = 4,
  kHasDates = 8,  // first and last purchase
  kHasActivity = 16,
  kHasImport = 32,
  kHasRows = 64,
  kHasUnconverted = 128,
};

uint64_t Bits(int64_t value) { return static_cast<uint64_t>(value); }
int64_t Value(uint64_t bits) { return static_cast<int64_t>(bits); }

// Almost all amounts are whole cents.
void PackAmount(int64_t micros, ByteWriter* bytes) {
  if (micros % kMicrosPerCent == 0) {
    bytes->Signed(Bits(micros / kMicrosPerCent * 2));
  } else {
    bytes->Signed(1);
    bytes->Signed(Bits(micros));
  }
}

int64_t UnpackAmount(ByteReader* bytes) {
  const int64_t cents = Value(bytes->Signed());
  if (cents % 2 == 0) return cents / 2 * kMicrosPerCent;
  return Value(bytes->Signed());
}

void PackOrders(const std::vector<ProjectedOrder>& orders, ByteWriter* bytes) {
  bytes->Number(orders.size());
  uint32_t before = 0;
  for (const ProjectedOrder& order : orders) {
    bytes->Number(uint64_t{order.date - before} * 2 + (order.qualifies ? 1 : 0));
    before = order.date;
    PackAmount(order.value_micros, bytes);
  }
}

// The number of elements that follow, of at least `least_bytes` each.
size_t Count(size_t least_bytes, ByteReader* bytes) {
  const uint64_t count = bytes->Number();
  if (count > bytes->size() / least_bytes) return bytes->Fail();
  return count;
}

void UnpackOrders(ByteReader* bytes, std::vector<ProjectedOrder>* orders) {
  orders->clear();
  const size_t count = Count(2, bytes);
  orders->reserve(count);
  uint32_t date = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t step = bytes->Number();
    date += static_cast<uint32_t>(step / 2);
    orders->push_back({date, UnpackAmount(bytes), step % 2 == 1});
  }
}

void PackRare(const RareFacts& rare, ByteWriter* bytes) {
  if (rare.imported) {
    bytes->Signed(Bits(rare.imported->spend_micros));
    bytes->Signed(Bits(rare.imported->purchase_count));
    bytes->Number(rare.imported->first);
    bytes->Number(rare.imported->last);
    bytes->Number(rare.imported->updated_at);
  }
  if (!rare.rows.empty()) {
    bytes->Number(rare.rows.size());
    for (const OrderRow& row : rare.rows) {
      bytes->Number(row.order);
      bytes->Number(row.date);
      PackAmount(row.amount_micros, bytes);
    }
  }
  if (!rare.unconverted_dates.empty()) {
    bytes->Number(rare.unconverted_dates.size());
    for (const uint32_t date : rare.unconverted_dates) bytes->Number(date);
  }
}

void UnpackRare(uint8_t flags, ByteReader* bytes, RareFacts* rare) {
  *rare = {};
  if ((flags & kHasImport) != 0) {
    ImportedRecord& imported = rare->imported.emplace();
    imported.spend_micros = Value(bytes->Signed());
    imported.purchase_count = Value(bytes->Signed());
    imported.first = bytes->Id();
    imported.last = bytes->Id();
    imported.updated_at = bytes->Id();
  }
  if ((flags & kHasRows) != 0) {
    const size_t count = Count(3, bytes);
    rare->rows.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      OrderRow& row = rare->rows.emplace_back();
      row.order = bytes->Id();
      row.date = bytes->Id();
      row.amount_micros = UnpackAmount(bytes);
    }
  }
  if ((flags & kHasUnconverted) != 0) {
    const size_t count = Count(1, bytes);
    rare->unconverted_dates.reserve(count);
    for (size_t i = 0; i < count; ++i) rare->unconverted_dates.push_back(bytes->Id());
  }
}

uint8_t When(bool is_so, Flag flag) { return is_so ? flag : 0; }

uint8_t FlagsOf(const domain::CustomerSummary& summary) {
  return When(summary.first_purchase_date.has_value(), kHasDates) |
         When(summary.last_activity_date.has_value(), kHasActivity);
}

uint8_t FlagsOf(const ProjectedCustomer& customer) {
  const CustomerValue& value = customer.value;
  return When(value.described, kDescribed) | When(value.imported, kImportedValue) |
         When(value.signup_date.has_value(), kHasSignup) | FlagsOf(value.summary) |
         When(customer.rare.imported.has_value(), kHasImport) |
         When(!customer.rare.rows.empty(), kHasRows) |
         When(!customer.rare.unconverted_dates.empty(), kHasUnconverted);
}

void PackSummary(const domain::CustomerSummary& summary, ByteWriter* bytes) {
  bytes->Signed(Bits(summary.purchase_count));
  PackAmount(summary.total_spend_micros, bytes);
  PackAmount(summary.refunded_micros, bytes);
  if (summary.first_purchase_date) {
    bytes->Signed(Bits(*summary.first_purchase_date));
    bytes->Signed(WrappedDifference(*summary.last_purchase_date, *summary.first_purchase_date));
  }
  bytes->Signed(Bits(summary.repeat_order_days));
  bytes->Signed(Bits(summary.visible_rows));
  bytes->Signed(Bits(summary.unconverted_rows));
  if (summary.last_activity_date) bytes->Signed(Bits(*summary.last_activity_date));
  PackAmount(summary.gross_micros, bytes);
}

void UnpackSummary(uint8_t flags, ByteReader* bytes, domain::CustomerSummary* summary) {
  summary->purchase_count = Value(bytes->Signed());
  summary->total_spend_micros = UnpackAmount(bytes);
  summary->refunded_micros = UnpackAmount(bytes);
  summary->first_purchase_date.reset();
  summary->last_purchase_date.reset();
  if ((flags & kHasDates) != 0) {
    summary->first_purchase_date = Value(bytes->Signed());
    summary->last_purchase_date = WrappedSum(*summary->first_purchase_date, bytes->Signed());
  }
  summary->repeat_order_days = Value(bytes->Signed());
  summary->visible_rows = Value(bytes->Signed());
  summary->unconverted_rows = Value(bytes->Signed());
  summary->last_activity_date.reset();
  if ((flags & kHasActivity) != 0) summary->last_activity_date = Value(bytes->Signed());
  summary->gross_micros = UnpackAmount(bytes);
}

// What a customer and a change tell alike.
template <typename Facts>
void PackFigures(const Facts& facts, ByteWriter* bytes) {
  PackSummary(facts.value.summary, bytes);
  bytes->Signed(Bits(facts.value.updated_at));
  bytes->Number(facts.value.folded_position);
  bytes->Number(facts.distinct_products);
  bytes->Text(facts.favorite_category);
}

template <typename Facts>
void UnpackFigures(uint8_t flags, ByteReader* bytes, Facts* facts) {
  UnpackSummary(flags, bytes, &facts->value.summary);
  facts->value.updated_at = Value(bytes->Signed());
  facts->value.folded_position = bytes->Number();
  facts->distinct_products = bytes->Number();
  facts->favorite_category = bytes->Text();
}

void UnpackCustomer(ByteReader* bytes, ProjectedCustomer* customer) {
  CustomerValue& value = customer->value;
  value.customer_id = bytes->Text();
  const uint8_t flags = bytes->Byte();
  value.described = (flags & kDescribed) != 0;
  value.imported = (flags & kImportedValue) != 0;
  value.attributes.country = bytes->Text();
  value.attributes.customer_segment = bytes->Text();
  value.attributes.acquisition_source = bytes->Text();
  value.signup_date.reset();
  if ((flags & kHasSignup) != 0) value.signup_date = Value(bytes->Signed());
  UnpackFigures(flags, bytes, customer);
  UnpackRare(flags, bytes, &customer->rare);
  UnpackOrders(bytes, &customer->orders);
}

void UnpackChange(ByteReader* bytes, OrdersChange* change) {
  change->value.customer_id = bytes->Text();
  const uint8_t flags = bytes->Byte();
  UnpackFigures(flags, bytes, change);
  UnpackOrders(bytes, &change->added);
  UnpackOrders(bytes, &change->removed);
}

}  // namespace

void PackCustomer(const ProjectedCustomer& customer, ByteWriter* bytes) {
  const CustomerValue& value = customer.value;
  bytes->Byte(static_cast<uint8_t>(FactsKind::kCustomer));
  bytes->Text(value.customer_id);
  bytes->Byte(FlagsOf(customer));
  bytes->Text(value.attributes.country);
  bytes->Text(value.attributes.customer_segment);
  bytes->Text(value.attributes.acquisition_source);
  if (value.signup_date) bytes->Signed(Bits(*value.signup_date));
  PackFigures(customer, bytes);
  PackRare(customer.rare, bytes);
  PackOrders(customer.orders, bytes);
}

void PackChange(const OrdersChange& change, ByteWriter* bytes) {
  bytes->Byte(static_cast<uint8_t>(FactsKind::kChange));
  bytes->Text(change.value.customer_id);
  bytes->Byte(FlagsOf(change.value.summary));
  PackFigures(change, bytes);
  PackOrders(change.added, bytes);
  PackOrders(change.removed, bytes);
}

std::string_view IdOfFacts(std::string_view packed) {
  ByteReader bytes(packed);
  bytes.Byte();
  return bytes.Text();
}

absl::StatusOr<FactsKind> UnpackFacts(std::string_view packed, ProjectedCustomer* customer,
                                      OrdersChange* change) {
  ByteReader bytes(packed);
  const auto kind = static_cast<FactsKind>(bytes.Byte());
  if (kind == FactsKind::kCustomer) {
    UnpackCustomer(&bytes, customer);
  } else if (kind == FactsKind::kChange) {
    UnpackChange(&bytes, change);
  } else {
    bytes.Fail();
  }
  if (!bytes.ok() || !bytes.at_end()) {
    return absl::DataLossError("the facts of a changed customer cannot be read");
  }
  return kind;
}

}  // namespace clv::storage
