#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "common/domain/row_rules.h"
#include "common/wire/log_codec.h"
#include "common/wire/record_codec.h"

namespace clv::wire {
namespace {

using domain::Customer;
using domain::ImportedClv;
using domain::Purchase;

constexpr int64_t kNow = 1'700'000'000;

Customer FullCustomer() {
  return {.customer_id = "c1",
          .name = "Zo\xC3\xAB",
          .email = "z@example.com",
          .signup_date = 0,
          .country = "NL",
          .customer_segment = "Premium",
          .acquisition_source = "Ads",
          .active = false,
          .created_at = 1'600'000'000};
}

Purchase FullPurchase() {
  return {.purchase_id = "p1",
          .customer_id = "c1",
          .order_id = "o1",
          .purchase_amount_micros = -12'345'678,
          .purchase_date = 1'600'000'000,
          .currency = "EUR",
          .product_id = "x",
          .product_name = "X",
          .product_category = "Y",
          .payment_method = "Card",
          .created_at = 0};
}

ImportedClv FullClv() {
  return {.customer_id = "c1",
          .total_spend_micros = 1,
          .purchase_count = 2,
          .first_purchase_date = 3,
          .last_purchase_date = 4,
          .customer_segment = "s",
          .country = "c",
          .acquisition_source = "a",
          .updated_at = 5};
}

TEST(RecordCodecTest, BringsFullRecordsBack) {
  EXPECT_EQ(FromProto(ToProto(FullCustomer())), FullCustomer());
  EXPECT_EQ(FromProto(ToProto(FullPurchase())), FullPurchase());
  EXPECT_EQ(FromProto(ToProto(FullClv())), FullClv());
}

TEST(RecordCodecTest, BringsBareRecordsBack) {
  const Customer customer{.customer_id = "c"};
  const Purchase purchase{.purchase_id = "p", .customer_id = "c", .order_id = "p"};
  EXPECT_EQ(FromProto(ToProto(customer)), customer);
  EXPECT_EQ(FromProto(ToProto(purchase)), purchase);
  EXPECT_TRUE(ToProto(purchase).order_id().empty());
}

TEST(RecordCodecTest, MessagesOfRecordsKeepTheRules) {
  EXPECT_EQ(domain::CheckCustomer(ToRawRow(ToProto(FullCustomer())), kNow).record, FullCustomer());
  EXPECT_EQ(domain::CheckPurchase(ToRawRow(ToProto(FullPurchase())), kNow).record, FullPurchase());
  EXPECT_EQ(domain::CheckImportedClv(ToRawRow(ToProto(FullClv())), kNow).record, FullClv());
}

TEST(RecordCodecTest, EmptyMessagesAreEmptyRows) {
  EXPECT_EQ(domain::CheckCustomer(ToRawRow(v1::Customer()), kNow).broken.size(), 1u);
  EXPECT_EQ(domain::CheckPurchase(ToRawRow(v1::Purchase()), kNow).broken.size(), 4u);
  EXPECT_EQ(domain::CheckImportedClv(ToRawRow(v1::CustomerClv()), kNow).broken.size(), 6u);
}

TEST(RecordCodecTest, CutsNanosecondsOff) {
  v1::Customer proto;
  proto.set_customer_id("c");
  proto.mutable_signup_date()->set_seconds(7);
  proto.mutable_signup_date()->set_nanos(999'999'999);
  EXPECT_EQ(domain::CheckCustomer(ToRawRow(proto), kNow).record.signup_date, 7);
}

TEST(LogCodecTest, BringsABatchBack) {
  LogRows rows{.received_at_seconds = kNow};
  rows.purchases = {FullPurchase(),
                    Purchase{.purchase_id = "p", .customer_id = "c", .order_id = "p"}};
  const absl::StatusOr<LogRows> decoded = DecodeLogRecord(EncodeLogRecord(rows));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, rows);
}

TEST(LogCodecTest, BringsAnErasureBack) {
  const LogRows rows{.received_at_seconds = kNow,
                     .wants_outcome = true,
                     .command = CustomerErasure{.customer_id = "c", .known_texts = {"Ann", "a@b"}}};
  EXPECT_EQ(DecodeLogRecord(EncodeLogRecord(rows)).value(), rows);
}

TEST(LogCodecTest, RefusesOtherBytes) {
  EXPECT_EQ(DecodeLogRecord("\xFF\xFF\xFF").status().code(), absl::StatusCode::kDataLoss);
}

RC_GTEST_PROP(LogCodecTest, BringsAnyImportedRecordBack,
              (int64_t total, int64_t first, int64_t updated)) {
  LogRows rows{.received_at_seconds = first};
  ImportedClv clv = FullClv();
  clv.total_spend_micros = total;
  clv.first_purchase_date = first;
  clv.updated_at = updated;
  rows.customer_clvs = {clv, clv};
  RC_ASSERT(DecodeLogRecord(EncodeLogRecord(rows)).value() == rows);
}

}  // namespace
}  // namespace clv::wire
