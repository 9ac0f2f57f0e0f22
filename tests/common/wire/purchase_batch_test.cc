// Purchases packed in a log record.
#include "common/wire/purchase_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "clv/log/v1/log_record.pb.h"
#include "common/wire/log_codec.h"
#include "common/wire/record_codec.h"

namespace clv::wire {
namespace {

using domain::Purchase;
using ::testing::IsEmpty;

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

int64_t AnyNumber() {
  return *rc::gen::oneOf(
      rc::gen::arbitrary<int64_t>(),
      rc::gen::elementOf(std::vector<int64_t>{kLeast, kLeast + 1, -10'000, -1, 0, 1, 9'999, 10'000,
                                              kGreatest - 807, kGreatest}),
      rc::gen::map(rc::gen::inRange(-100'000, 100'000),
                   [](int cents) { return int64_t{cents} * 10'000; }));
}

// Absent often; else one of a few or any.
std::string AnyText() {
  return *rc::gen::oneOf(
      rc::gen::just(std::string()),
      rc::gen::elementOf(std::vector<std::string>{"USD", "Pen", std::string("\0x", 2), "\xc3\xab"}),
      rc::gen::arbitrary<std::string>());
}

std::string AnyId() {
  return *rc::gen::oneOf(rc::gen::elementOf(std::vector<std::string>{"p1", "p2", "c1"}),
                         rc::gen::nonEmpty<std::string>());
}

Purchase AnyPurchase() {
  Purchase purchase{.purchase_id = AnyId(),
                    .customer_id = AnyText(),
                    .purchase_amount_micros = AnyNumber(),
                    .purchase_date = AnyNumber(),
                    .currency = AnyText(),
                    .product_id = AnyText(),
                    .product_name = AnyText(),
                    .product_category = AnyText(),
                    .payment_method = AnyText()};
  purchase.order_id = *rc::gen::arbitrary<bool>() ? purchase.purchase_id : AnyId();
  if (*rc::gen::arbitrary<bool>()) purchase.created_at = AnyNumber();
  return purchase;
}

std::vector<Purchase> AnyPurchases(int most) {
  std::vector<Purchase> purchases(*rc::gen::inRange(0, most));
  for (Purchase& purchase : purchases) purchase = AnyPurchase();
  return purchases;
}

std::vector<Purchase> PurchasesOf(const PurchaseBatch& batch) {
  std::vector<Purchase> purchases;
  for (size_t i = 0; i < batch.size(); ++i) purchases.push_back(batch.PurchaseAt(i));
  return purchases;
}

TEST(PurchaseBatchTest, BringsExtremesBack) {
  std::vector<Purchase> purchases;
  for (const int64_t amount : {kLeast, int64_t{-10'000}, int64_t{0}, int64_t{10'000}, kGreatest,
                               kGreatest / 10'000 * 10'000, kLeast / 10'000 * 10'000}) {
    for (const int64_t date : {kLeast, int64_t{0}, kGreatest}) {
      Purchase purchase{.purchase_id = "p",
                        .customer_id = "c",
                        .order_id = "p",
                        .purchase_amount_micros = amount,
                        .purchase_date = date};
      purchases.push_back(purchase);
      for (const int64_t created_at : {kLeast, int64_t{-1}, kGreatest}) {
        purchase.created_at = created_at;
        purchases.push_back(purchase);
      }
    }
  }
  EXPECT_EQ(PurchasesOf(UnpackPurchaseBatch(PackPurchaseBatch(purchases)).value()), purchases);
}

TEST(PurchaseBatchTest, NoRowsAreNoBytes) {
  EXPECT_EQ(PackPurchaseBatch({}), "");
  EXPECT_EQ(PurchaseBatchWriter().Take(), "");
  const PurchaseBatch batch = UnpackPurchaseBatch("").value();
  EXPECT_EQ(batch.size(), 0u);
}

TEST(PurchaseBatchTest, AnOrderWithoutAnIdIsThatOfThePurchase) {
  const PurchaseBatch batch = BatchOf({Purchase{.purchase_id = "p", .customer_id = "c"}});
  ASSERT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch.RowAt(0).order_id, "");
  EXPECT_EQ(batch.PurchaseAt(0).order_id, "p");
}

TEST(PurchaseBatchTest, RowsThatAreTakenOutLeaveTheOthersAsTheyWere) {
  std::vector<Purchase> purchases;
  for (int i = 0; i < 9; ++i) {
    purchases.push_back({.purchase_id = "p" + std::to_string(i),
                         .customer_id = "c" + std::to_string(i % 3),
                         .order_id = "p" + std::to_string(i),
                         .purchase_date = 100 * i});
  }
  PurchaseBatch batch = BatchOf(purchases);
  batch.EraseIf([](const PurchaseBatch::Row& row) { return row.customer_id == "c1"; });
  std::erase_if(purchases, [](const Purchase& row) { return row.customer_id == "c1"; });
  EXPECT_EQ(PurchasesOf(batch), purchases);
}

TEST(PurchaseBatchTest, ATextThatRowsShareIsKeptOnce) {
  const std::string text(1'000, 'x');
  std::vector<Purchase> purchases;
  for (int i = 0; i < 1'000; ++i) {
    purchases.push_back({.purchase_id = "p" + std::to_string(i),
                         .customer_id = "c",
                         .order_id = "p" + std::to_string(i),
                         .product_name = text,
                         .product_category = text});
  }
  const std::string packed = PackPurchaseBatch(purchases);
  EXPECT_LT(packed.size(), 20'000u);
  EXPECT_EQ(PurchasesOf(UnpackPurchaseBatch(packed).value()), purchases);
}

RC_GTEST_PROP(PurchaseBatchProperty, BringsAnyPurchasesBack, ()) {
  const std::vector<Purchase> purchases = AnyPurchases(12);
  RC_ASSERT(PurchasesOf(UnpackPurchaseBatch(PackPurchaseBatch(purchases)).value()) == purchases);
  RC_ASSERT(PurchasesOf(BatchOf(purchases)) == purchases);
}

RC_GTEST_PROP(PurchaseBatchProperty, AWriterIsAsNewAfterTake, ()) {
  PurchaseBatchWriter writer;
  const int batches = *rc::gen::inRange(1, 5);
  for (int i = 0; i < batches; ++i) {
    const std::vector<Purchase> purchases = AnyPurchases(6);
    for (const Purchase& purchase : purchases) writer.Add(domain::ViewOf(purchase));
    RC_ASSERT(writer.row_count() == purchases.size());
    RC_ASSERT(writer.Take() == PackPurchaseBatch(purchases));
    RC_ASSERT(writer.row_count() == 0u);
  }
}

// The rows outlive the string they came from, and copies of the batch outlive it.
RC_GTEST_PROP(PurchaseBatchProperty, CopiesOfABatchHoldTheirTexts, ()) {
  const std::vector<Purchase> purchases = AnyPurchases(6);
  PurchaseBatch copy;
  {
    const PurchaseBatch batch = UnpackPurchaseBatch(PackPurchaseBatch(purchases)).value();
    copy = batch;
  }
  RC_ASSERT(PurchasesOf(copy) == purchases);
}

// Damaged bytes are refused, or are some rows; what is made of them is within small bounds.
void LookAt(const std::string& bytes) {
  const absl::StatusOr<PurchaseBatch> batch = UnpackPurchaseBatch(bytes);
  if (!batch.ok()) {
    RC_ASSERT(batch.status().code() == absl::StatusCode::kDataLoss);
    return;
  }
  RC_ASSERT(batch->size() <= bytes.size() / 5);
  RC_ASSERT(batch->texts().capacity() <= bytes.size() + 1);
  (void)PurchasesOf(*batch);
}

RC_GTEST_PROP(PurchaseBatchProperty, EveryTruncationIsDataLoss, ()) {
  std::vector<Purchase> purchases = AnyPurchases(5);
  purchases.push_back(AnyPurchase());
  const std::string packed = PackPurchaseBatch(purchases);
  // No bytes at all are no rows.
  for (size_t size = 1; size < packed.size(); ++size) {
    RC_ASSERT(UnpackPurchaseBatch(packed.substr(0, size)).status().code() ==
              absl::StatusCode::kDataLoss);
  }
  RC_ASSERT(UnpackPurchaseBatch(packed + "x").status().code() == absl::StatusCode::kDataLoss);
}

RC_GTEST_PROP(PurchaseBatchProperty, DamagedBytesNeverCrash, ()) {
  std::string packed = PackPurchaseBatch(AnyPurchases(5));
  const int damages = *rc::gen::inRange(1, 4);
  for (int i = 0; i < damages && !packed.empty(); ++i) {
    const auto at = *rc::gen::inRange<size_t>(0, packed.size());
    packed[at] = *rc::gen::arbitrary<char>();
  }
  LookAt(packed);
  LookAt(*rc::gen::arbitrary<std::string>());
}

TEST(PurchaseBatchTest, CountsThatTheBytesCannotHoldAreDataLoss) {
  ByteWriter texts;
  texts.Number(uint64_t{1} << 60);
  ByteWriter rows;
  rows.Number(0);
  rows.Number(uint64_t{1} << 60);
  ByteWriter more_rows;
  more_rows.Number(0);
  more_rows.Number(4);
  // Three rows of five bytes.
  const std::string three(15, '\0');
  for (const std::string& bytes :
       {texts.Take() + three, rows.Take() + three, more_rows.Take() + three}) {
    EXPECT_EQ(UnpackPurchaseBatch(bytes).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST(PurchaseBatchTest, ATextThatIsNotThereIsDataLoss) {
  ByteWriter batch;
  batch.Number(1);
  batch.Text("USD");
  batch.Number(1);
  batch.Byte(8);  // a currency
  batch.Text("p");
  batch.Text("c");
  batch.Signed(0);
  batch.Signed(0);
  const std::string row = batch.Take();
  EXPECT_EQ(PurchasesOf(UnpackPurchaseBatch(row + "\x01").value()).at(0).currency, "USD");
  EXPECT_EQ(UnpackPurchaseBatch(row + "\x02").status().code(), absl::StatusCode::kDataLoss);
}

RC_GTEST_PROP(LogCodecProperty, RecordsOfEarlierVersionsStillDecode, ()) {
  std::vector<Purchase> purchases = AnyPurchases(8);
  log::v1::LogRecord record;
  record.set_received_at_seconds(7);
  record.set_load_id("load");
  record.set_wants_outcome(true);
  for (Purchase& purchase : purchases) {
    // Texts of messages are UTF-8.
    for (std::string Purchase::*text :
         {&Purchase::purchase_id, &Purchase::customer_id, &Purchase::order_id, &Purchase::currency,
          &Purchase::product_id, &Purchase::product_name, &Purchase::product_category,
          &Purchase::payment_method}) {
      for (char& c : purchase.*text) c = static_cast<char>(c & 0x7f);
    }
    // What such a message can say.
    purchase.purchase_date %= 10'000'000'000;
    if (purchase.created_at) *purchase.created_at %= 10'000'000'000;
    *record.add_purchases() = ToProto(purchase);
  }
  const LogRows expected{
      .received_at_seconds = 7, .purchases = purchases, .load_id = "load", .wants_outcome = true};
  RC_ASSERT(DecodeLogRecord(record.SerializeAsString()).value() == expected);
  const PackedLogRows packed = DecodePackedLogRecord(record.SerializeAsString()).value();
  RC_ASSERT(packed.rows.purchases.empty());
  RC_ASSERT(PurchasesOf(packed.purchases) == purchases);
}

RC_GTEST_PROP(LogCodecProperty, BringsAnyPurchasesBack, ()) {
  const LogRows rows{.received_at_seconds = AnyNumber(), .purchases = AnyPurchases(8)};
  RC_ASSERT(DecodeLogRecord(EncodeLogRecord(rows)).value() == rows);
}

TEST(LogCodecTest, DamagedPurchasesOfARecordAreDataLoss) {
  log::v1::LogRecord record;
  record.set_packed_purchases("\x01");
  EXPECT_EQ(DecodeLogRecord(record.SerializeAsString()).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace clv::wire
