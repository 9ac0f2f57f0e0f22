#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/storage/sqlite/purchase_page.h"

namespace clv::storage {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

rc::Gen<int64_t> Integers() {
  return rc::gen::oneOf(
      rc::gen::arbitrary<int64_t>(), rc::gen::inRange<int64_t>(-1'000, 1'000),
      rc::gen::elementOf(std::vector<int64_t>{kLeast, kMost, 0, -10'000, 10'000}));
}

// Views live as long as the program.
std::string_view Keep(const std::string& text) {
  static TextArena arena;
  return arena.Keep(text);
}

rc::Gen<std::string_view> Ids() {
  return rc::gen::map(
      rc::gen::oneOf(rc::gen::nonEmpty(rc::gen::arbitrary<std::string>()),
                     rc::gen::map(rc::gen::inRange(0, 1'000),
                                  [](int n) { return "purchase-" + std::to_string(n); }),
                     // Digits alone, up to more than a number can have; zeros before them.
                     rc::gen::map(rc::gen::pair(rc::gen::inRange(1, 22), rc::gen::inRange(0, 300)),
                                  [](const std::pair<int, int>& id) {
                                    std::string digits = std::to_string(id.second * 7'777'777);
                                    digits.insert(0, 22, id.second % 3 == 0 ? '9' : '0');
                                    return digits.substr(digits.size() - id.first);
                                  })),
      Keep);
}

struct Page {
  std::string bytes;
  TextArena ids;
  std::vector<PurchaseFact> rows;
  absl::Status status;
};

std::unique_ptr<Page> Unpack(std::string bytes) {
  auto page = std::make_unique<Page>();
  page->bytes = std::move(bytes);
  page->status = UnpackPurchases(page->bytes, &page->ids, &page->rows);
  return page;
}

rc::Gen<PurchaseFact> Rows() {
  return rc::gen::build<PurchaseFact>(
      rc::gen::set(&PurchaseFact::purchase_id, Ids()),
      rc::gen::set(&PurchaseFact::order_id, rc::gen::map(rc::gen::arbitrary<std::string>(), Keep)),
      rc::gen::set(&PurchaseFact::amount_micros, Integers()),
      rc::gen::set(&PurchaseFact::date, Integers()),
      rc::gen::set(&PurchaseFact::created_at, rc::gen::map(rc::gen::maybe(Integers()),
                                                           [](const rc::Maybe<int64_t>& at) {
                                                             return at ? std::optional(*at)
                                                                       : std::nullopt;
                                                           })),
      rc::gen::set(&PurchaseFact::currency), rc::gen::set(&PurchaseFact::product_id),
      rc::gen::set(&PurchaseFact::product_name), rc::gen::set(&PurchaseFact::product_category),
      rc::gen::set(&PurchaseFact::payment_method));
}

RC_GTEST_PROP(PurchasePageProperty, RowsComeBackAsTheyWere, ()) {
  std::vector<PurchaseFact> rows = *rc::gen::container<std::vector<PurchaseFact>>(Rows());
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.purchase_id < b.purchase_id; });
  const auto read = Unpack(PackPurchases(rows));
  RC_ASSERT(read->status.ok());
  RC_ASSERT(read->rows == rows);
}

std::vector<PurchaseFact> RowsOfAPage() {
  std::vector<PurchaseFact> rows = *rc::gen::container<std::vector<PurchaseFact>>(Rows());
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.purchase_id < b.purchase_id; });
  const auto is_same = [](const auto& a, const auto& b) { return a.purchase_id == b.purchase_id; };
  rows.erase(std::unique(rows.begin(), rows.end(), is_same), rows.end());
  return rows;
}

RC_GTEST_PROP(PurchasePageProperty, APageAfterChangesIsThatOfTheRowsAfterThem, ()) {
  const std::vector<PurchaseFact> before = RowsOfAPage();
  const std::string bytes = before.empty() ? "" : PackPurchases(before);
  std::map<std::string_view, PurchaseFact> rows;
  for (const PurchaseFact& row : before) rows[row.purchase_id] = row;
  std::map<std::string_view, PurchaseChange> changes;
  for (PurchaseFact& row : *rc::gen::container<std::vector<PurchaseFact>>(Rows())) {
    if (!before.empty() && *rc::gen::arbitrary<bool>()) {
      row.purchase_id = before[*rc::gen::inRange<size_t>(0, before.size())].purchase_id;
    }
    if (changes.contains(row.purchase_id)) continue;
    const auto old = rows.find(row.purchase_id);
    changes[row.purchase_id] = {
        .before = old != rows.end() ? std::optional(old->second) : std::nullopt, .after = row};
    rows[row.purchase_id] = row;
  }
  std::vector<PurchaseFact> after;
  for (const auto& [id, row] : rows) after.push_back(row);
  std::vector<PurchaseChange> sorted;
  for (const auto& [id, change] : changes) sorted.push_back(change);
  TextArena ids;
  std::vector<PurchaseFact> read;
  UnpackedPage page;
  if (!bytes.empty()) RC_ASSERT(UnpackPurchases(bytes, &ids, &read, &page).ok());
  RC_ASSERT(RepackPurchases(page, sorted, after) == PackPurchases(after));
}

RC_GTEST_PROP(PurchasePageProperty, DamagedBytesAreNoHarm, ()) {
  std::string bytes = PackPurchases(*rc::gen::container<std::vector<PurchaseFact>>(Rows()));
  const size_t length = *rc::gen::inRange<size_t>(0, bytes.size() + 1);
  if (length == bytes.size()) {
    bytes[*rc::gen::inRange<size_t>(0, length)] = *rc::gen::arbitrary<char>();
    (void)Unpack(bytes);
  } else {
    RC_ASSERT(absl::IsDataLoss(Unpack(bytes.substr(0, length))->status));
  }
  (void)Unpack(*rc::gen::arbitrary<std::string>());
}

TEST(PurchasePageTest, AnUsualRowTakesAboutTwentyBytes) {
  std::vector<PurchaseFact> rows;
  for (int i = 0; i < 1'000; ++i) {
    rows.push_back({.purchase_id = Keep("p" + std::to_string(10'000'000 + 7'919 * i)),
                    .amount_micros = 10'000 * (i * 37 % 20'000),
                    .date = 1'600'000'000 + 86'000 * i,
                    .created_at = 1'600'000'060 + 86'000 * i,
                    .currency = 1,
                    .product_id = static_cast<TextId>(2 + i % 100),
                    .product_name = static_cast<TextId>(2 + i % 100),
                    .product_category = static_cast<TextId>(110 + i % 8),
                    .payment_method = static_cast<TextId>(120 + i % 4)});
  }
  EXPECT_LT(PackPurchases(rows).size(), 20u * rows.size());
}

TEST(PurchasePageTest, APageThatPromisesMoreThanItHoldsTakesNoMemory) {
  EXPECT_TRUE(absl::IsDataLoss(Unpack("\x01\xff\xff\xff\xff\x7f")->status));
  EXPECT_TRUE(absl::IsDataLoss(Unpack("")->status));
  EXPECT_TRUE(absl::IsDataLoss(Unpack(std::string("\x03\x00", 2))->status));
  EXPECT_TRUE(Unpack(std::string("\x01\x00", 2))->status.ok());
  EXPECT_TRUE(Unpack(std::string("\x02\x00", 2))->status.ok());
}

TEST(PurchasePageTest, APageOfTheFirstFormatIsRead) {
  // Two rows: "p8" and "p9", which shares one byte with it.
  const auto read =
      Unpack(std::string("\x01\x02\x04\x00\x02p8\x02\x04\x01\x04\x01\x01"
                         "9\x04\x02\x01",
                         17));
  ASSERT_TRUE(read->status.ok()) << read->status;
  ASSERT_EQ(read->rows.size(), 2u);
  EXPECT_EQ(read->rows[0].purchase_id, "p8");
  EXPECT_EQ(read->rows[0].amount_micros, 10'000);
  EXPECT_EQ(read->rows[0].date, 2);
  EXPECT_EQ(read->rows[1].purchase_id, "p9");
  EXPECT_EQ(read->rows[1].amount_micros, 20'000);
  EXPECT_EQ(read->rows[1].date, 3);
}

TEST(PurchasePageTest, IdsThatCountOnTakeTheirDifference) {
  const auto bytes_of = [](const std::vector<std::string>& ids) {
    std::vector<PurchaseFact> rows;
    for (const std::string& id : ids) rows.push_back({.purchase_id = Keep(id), .currency = 1});
    const std::string bytes = PackPurchases(rows);
    const auto read = Unpack(bytes);
    EXPECT_TRUE(read->status.ok()) << read->status;
    EXPECT_EQ(read->rows, rows);
    return bytes.size();
  };
  const size_t one = bytes_of({"order-00100199"});
  EXPECT_EQ(bytes_of({"order-00100199", "order-00100200"}), one + 5);
  EXPECT_EQ(bytes_of({"order-00100199", "order-00100300"}), one + 5);
  // More digits, another head, no number, a number that begins before: the text.
  for (const char* other :
       {"order-100100199", "orders00100200", "order-0010019x", "order900100200"}) {
    EXPECT_GT(bytes_of({"order-00100199", other}), one + 5) << other;
  }
  // Of the damaged ones: a step beyond the digits, and one without a number before it.
  EXPECT_TRUE(absl::IsDataLoss(
      Unpack(std::string("\x02\x02\x04\x00\x02p8\x02\x04\x01\x84\x02\x04\x02\x01", 16))->status));
  EXPECT_TRUE(absl::IsDataLoss(
      Unpack(std::string("\x02\x02\x04\x00\x02pq\x02\x04\x01\x84\x01\x04\x02\x01", 16))->status));
}

}  // namespace
}  // namespace clv::storage
