#include "tools/demo_data/purchase_stream.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace clv::demo_data {
namespace {

struct Sent {
  std::unique_ptr<const Shop> shop;  // the rows point into it
  std::vector<PurchaseRow> rows;
  PurchaseCounts counts;
};

Shop MustCreate(const ShopOptions& options) {
  absl::StatusOr<Shop> shop = Shop::Create(options);
  EXPECT_TRUE(shop.ok()) << shop.status();
  return *std::move(shop);
}

Sent SendAll(Shop shop) {
  Sent sent;
  sent.shop = std::make_unique<const Shop>(std::move(shop));
  auto counts = ForEachPurchase(*sent.shop, [&sent](const PurchaseRow& row) {
    sent.rows.push_back(row);
    return absl::OkStatus();
  });
  EXPECT_TRUE(counts.ok()) << counts.status();
  sent.counts = counts.value_or(PurchaseCounts{});
  return sent;
}

std::map<uint64_t, PurchaseRow> OriginalsOf(const Sent& sent) {
  std::map<uint64_t, PurchaseRow> originals;
  for (const PurchaseRow& row : sent.rows) {
    if (row.kind == RowKind::kOriginal) {
      EXPECT_TRUE(originals.emplace(row.purchase_number, row).second);
    }
  }
  return originals;
}

auto ContentOf(const PurchaseRow& row) {
  return std::tuple(row.purchase_number, row.customer_number, row.order_number, row.product,
                    row.amount_cents, row.purchase_second, row.created_second, row.payment_method,
                    row.currency);
}

TEST(PurchaseStreamTest, NumbersTheOriginalsWithoutGaps) {
  const std::map<uint64_t, PurchaseRow> originals =
      OriginalsOf(SendAll(MustCreate({.customers = 500})));
  EXPECT_EQ(originals.begin()->first, kFirstPurchaseNumber);
  EXPECT_EQ(originals.rbegin()->first, kFirstPurchaseNumber + originals.size() - 1);
}

TEST(PurchaseStreamTest, SendsByTimeExceptLateRows) {
  const Shop shop = MustCreate({.customers = 500, .duplicates = 0, .late = 0});
  int64_t last = 0;
  const Sent sent = SendAll(shop);
  for (const PurchaseRow& row : sent.rows) {
    ASSERT_GE(row.created_second, last);
    last = row.created_second;
  }
}

TEST(PurchaseStreamTest, SendsTheRequestedShares) {
  const Shop shop = MustCreate({.customers = 4000,
                                .purchases = 60'000,
                                .duplicates = 0.05,
                                .corrections = 0.04,
                                .late = 0.03,
                                .refunds = 0.06});
  const PurchaseCounts counts = SendAll(shop).counts;
  const auto rows = static_cast<double>(counts.originals);
  EXPECT_NEAR(static_cast<double>(counts.duplicates) / rows, 0.05, 0.004);
  EXPECT_NEAR(static_cast<double>(counts.corrections) / rows, 0.04, 0.004);
  EXPECT_NEAR(static_cast<double>(counts.late) / rows, 0.03, 0.004);
  // A little less: corrected rows get none, and some would come after the end.
  EXPECT_NEAR(static_cast<double>(counts.refunds) / rows, 0.06 * 0.96, 0.005);
}

TEST(PurchaseStreamTest, WithoutExceptionsSendsOnlyOriginals) {
  const Shop shop =
      MustCreate({.customers = 500, .duplicates = 0, .corrections = 0, .late = 0, .refunds = 0});
  const Sent sent = SendAll(shop);
  EXPECT_EQ(sent.counts.total(), sent.counts.originals);
  EXPECT_EQ(sent.rows.size(), shop.Orders().size());
}

TEST(PurchaseStreamTest, LateRowsComeAfterLaterOnes) {
  const Sent sent = SendAll(MustCreate({.customers = 3000, .late = 0.02}));
  int64_t overtaken = 0;
  int64_t latest = 0;
  for (const PurchaseRow& row : sent.rows) {
    if (row.kind != RowKind::kOriginal) {
      continue;
    }
    overtaken += row.purchase_second < latest ? 1 : 0;
    EXPECT_TRUE(row.late || row.purchase_second >= latest);
    latest = std::max(latest, row.purchase_second);
  }
  EXPECT_GT(overtaken, sent.counts.late * 9 / 10);
}

TEST(PurchaseStreamTest, DuplicatesRepeatTheOriginalAfterIt) {
  const Sent sent = SendAll(MustCreate({.customers = 2000, .duplicates = 0.05, .late = 0.05}));
  std::map<uint64_t, PurchaseRow> seen;
  for (const PurchaseRow& row : sent.rows) {
    if (row.kind == RowKind::kOriginal) {
      seen.emplace(row.purchase_number, row);
    } else if (row.kind == RowKind::kDuplicate) {
      ASSERT_TRUE(seen.contains(row.purchase_number));
      EXPECT_EQ(ContentOf(row), ContentOf(seen.at(row.purchase_number)));
    }
  }
}

TEST(PurchaseStreamTest, CorrectionsDifferAndAreNewer) {
  const Sent sent = SendAll(MustCreate({.customers = 2000, .corrections = 0.05}));
  const std::map<uint64_t, PurchaseRow> originals = OriginalsOf(sent);
  int64_t moved = 0;
  for (const PurchaseRow& row : sent.rows) {
    if (row.kind != RowKind::kCorrection) {
      continue;
    }
    const PurchaseRow& original = originals.at(row.purchase_number);
    EXPECT_GT(row.created_second, original.created_second);
    EXPECT_EQ(row.purchase_second, original.purchase_second);
    EXPECT_GT(row.amount_cents, 0);
    EXPECT_TRUE(row.amount_cents != original.amount_cents ||
                row.payment_method != original.payment_method ||
                row.customer_number != original.customer_number);
    moved += row.customer_number != original.customer_number ? 1 : 0;
  }
  EXPECT_GT(moved, 0);
}

TEST(PurchaseStreamTest, RefundsReferToAnEarlierPurchaseOfTheirCustomer) {
  for (const bool multi_item_orders : {false, true}) {
    const Sent sent = SendAll(
        MustCreate({.customers = 2000, .multi_item_orders = multi_item_orders, .refunds = 0.1}));
    const std::map<uint64_t, PurchaseRow> originals = OriginalsOf(sent);
    ASSERT_GT(sent.counts.refunds, 0);
    for (const PurchaseRow& row : sent.rows) {
      if (row.kind != RowKind::kRefund) {
        continue;
      }
      const PurchaseRow& original = originals.at(row.purchase_number);
      EXPECT_EQ(row.customer_number, original.customer_number);
      EXPECT_EQ(row.order_number, original.order_number.value_or(original.purchase_number));
      EXPECT_TRUE(originals.contains(*row.order_number));
      EXPECT_GT(row.purchase_second, original.purchase_second);
      EXPECT_LT(row.amount_cents, 0);
      EXPECT_GE(row.amount_cents, -original.amount_cents);
    }
  }
}

TEST(PurchaseStreamTest, NoPurchaseComesBeforeItsCustomersSignup) {
  const Shop shop = MustCreate({.customers = 2000, .multi_item_orders = true, .corrections = 0.1});
  const int64_t end = shop.EpochSecond(shop.last_second());
  const Sent sent = SendAll(shop);
  for (const PurchaseRow& row : sent.rows) {
    const size_t customer = row.customer_number - kFirstCustomerNumber;
    ASSERT_GE(row.purchase_second, shop.EpochSecond(shop.customers()[customer].signup_second));
    ASSERT_LE(row.purchase_second, end);
    ASSERT_LE(row.created_second, end);
  }
}

TEST(PurchaseStreamTest, MultiItemOrdersShareCustomerTimeAndOrder) {
  const Shop shop = MustCreate({.customers = 2000, .multi_item_orders = true});
  const Sent sent = SendAll(shop);
  std::map<uint64_t, std::vector<PurchaseRow>> orders;
  for (const auto& [number, row] : OriginalsOf(sent)) {
    orders[row.order_number.value_or(number)].push_back(row);
  }
  for (const auto& [number, rows] : orders) {
    EXPECT_LE(rows.size(), 5u);
    for (const PurchaseRow& row : rows) {
      EXPECT_EQ(row.customer_number, rows.front().customer_number);
      EXPECT_EQ(row.purchase_second, rows.front().purchase_second);
      EXPECT_GT(row.amount_cents, 0);
      EXPECT_EQ(row.order_number.has_value(), rows.size() > 1);
    }
  }
  EXPECT_EQ(orders.size(), shop.Orders().size());
  EXPECT_NEAR(static_cast<double>(sent.counts.originals) / static_cast<double>(orders.size()),
              kMeanItemsOfMultiItemOrders, 0.03);
}

TEST(PurchaseStreamTest, OtherCurrenciesAppearOnlyOnDemand) {
  const Sent plain = SendAll(MustCreate({.customers = 500}));
  EXPECT_TRUE(std::all_of(plain.rows.begin(), plain.rows.end(),
                          [](const PurchaseRow& row) { return row.currency == "USD"; }));
  const Shop shop = MustCreate({.customers = 2000, .other_currency = 0.1});
  double other = 0;
  const Sent mixed = SendAll(shop);
  for (const PurchaseRow& row : mixed.rows) {
    other += row.currency == "USD" ? 0 : 1;
  }
  EXPECT_NEAR(other / static_cast<double>(mixed.rows.size()), 0.1, 0.01);
}

TEST(PurchaseStreamTest, StopsAtTheVisitorsError) {
  int calls = 0;
  const auto counts = ForEachPurchase(MustCreate({.customers = 100}), [&calls](const PurchaseRow&) {
    return ++calls == 5 ? absl::UnavailableError("disk full") : absl::OkStatus();
  });
  EXPECT_EQ(counts.status(), absl::UnavailableError("disk full"));
  EXPECT_EQ(calls, 5);
}

}  // namespace
}  // namespace clv::demo_data
