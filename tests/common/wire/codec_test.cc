#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "clv/log/v1/log_record.pb.h"
#include "common/domain/row_condition.h"
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

// The condition that a text says.
domain::RowCondition ConditionOn(domain::DataSource data_source, const std::string& text) {
  return domain::ParseRowCondition(data_source, text).value();
}

// The rows of a record that holds only a command.
LogRows OfCommand(LogCommand command) {
  return {.received_at_seconds = kNow, .wants_outcome = true, .command = std::move(command)};
}

TEST(LogCodecTest, BringsDeletionsBack) {
  for (const domain::DataSource data_source : domain::kDataSources) {
    const LogRows all = OfCommand(RowDeletion{.data_source = data_source});
    EXPECT_EQ(DecodeLogRecord(EncodeLogRecord(all)).value(), all);
    const LogRows some = OfCommand(
        RowDeletion{.data_source = data_source,
                    .condition = ConditionOn(data_source, "customer_id in ('a', 'it''s')")});
    EXPECT_EQ(DecodeLogRecord(EncodeLogRecord(some)).value(), some);
  }
}

TEST(LogCodecTest, BringsEveryKindOfConditionBack) {
  for (const char* text :
       {"purchase_id = ''", "purchase_amount < -1.5 or purchase_amount >= 1000000000",
        "not (created_at is null and currency != 'usd')",
        "purchase_date between '1970-01-01' and '2024-01-01' and order_id not in ('x')",
        "((product_id = 'a' or product_id = 'b') and not not payment_method <= 'c')"}) {
    const LogRows rows =
        OfCommand(RowDeletion{.data_source = domain::DataSource::kPurchases,
                              .condition = ConditionOn(domain::DataSource::kPurchases, text)});
    EXPECT_EQ(DecodeLogRecord(EncodeLogRecord(rows)).value(), rows) << text;
  }
}

TEST(LogCodecTest, BringsTheDeepestAndTheWidestConditionBack) {
  std::string deep = "active = 1";
  for (int i = 1; i < domain::kMaxConditionDepth; ++i) {
    deep = (i % 2 == 0 ? "active = 0 or (" : "active = 0 and (") + deep + ")";
  }
  std::string wide = "customer_id in ('0'";
  for (int i = 1; i < 50'000; ++i) wide += ",'" + std::to_string(i) + "'";
  for (const std::string& text : {deep, wide + ")"}) {
    const LogRows rows =
        OfCommand(RowDeletion{.data_source = domain::DataSource::kCustomers,
                              .condition = ConditionOn(domain::DataSource::kCustomers, text)});
    const auto decoded = DecodeLogRecord(EncodeLogRecord(rows));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, rows);
  }
}

TEST(LogCodecTest, BringsLoadsBack) {
  LogRows staged{.received_at_seconds = kNow, .load_id = "load 1"};
  staged.customers = {FullCustomer()};
  EXPECT_EQ(DecodeLogRecord(EncodeLogRecord(staged)).value(), staged);
  for (const uint64_t first : {uint64_t{0}, uint64_t{7}}) {
    const LogRows commit = OfCommand(LoadCommit{
        .load_id = "load 1",
        .first_position = first,
        .replaces = {.data_source = domain::DataSource::kCustomerClv,
                     .condition = ConditionOn(domain::DataSource::kCustomerClv,
                                              "total_spend > 5 and updated_at < '2024-01-01'")}});
    EXPECT_EQ(DecodeLogRecord(EncodeLogRecord(commit)).value(), commit);
  }
}

TEST(LogCodecTest, BringsABlankedErasureBack) {
  const LogRows rows = OfCommand(CustomerErasure{});
  EXPECT_EQ(DecodeLogRecord(EncodeLogRecord(rows)).value(), rows);
}

// A record with a command that a damaged byte has changed.
std::string DamagedRecord(const std::function<void(log::v1::LogRecord&)>& damage) {
  log::v1::LogRecord record;
  EXPECT_TRUE(record.ParseFromString(EncodeLogRecord(
      OfCommand(RowDeletion{.data_source = domain::DataSource::kCustomers,
                            .condition = ConditionOn(domain::DataSource::kCustomers,
                                                     "not active = 1 and name = 'x'")}))));
  damage(record);
  return record.SerializeAsString();
}

TEST(LogCodecTest, RefusesCommandsThatNobodyWrites) {
  const std::vector<std::function<void(log::v1::LogRecord&)>> damages = {
      [](auto& record) { record.mutable_delete_rows()->set_data_source(0); },
      [](auto& record) { record.mutable_delete_rows()->set_data_source(4); },
      [](auto& record) { record.mutable_delete_rows()->mutable_condition()->clear_kind(); },
      [](auto& record) {
        record.mutable_delete_rows()->mutable_condition()->set_kind(
            static_cast<log::v1::Condition::Kind>(99));
      },
      [](auto& record) { record.mutable_delete_rows()->mutable_condition()->clear_operands(); },
      [](auto& record) {
        record.mutable_delete_rows()->mutable_condition()->mutable_operands(0)->clear_operands();
      },
      [](auto& record) {
        auto* condition = record.mutable_delete_rows()->mutable_condition();
        *condition->mutable_operands(0)->add_operands() = condition->operands(1);
      },
      [](auto& record) {
        record.mutable_delete_rows()->mutable_condition()->mutable_operands(1)->set_column("x");
      },
      [](auto& record) { record.mutable_commit_load()->mutable_replaces()->set_data_source(9); },
  };
  for (size_t i = 0; i < damages.size(); ++i) {
    EXPECT_EQ(DecodeLogRecord(DamagedRecord(damages[i])).status().code(),
              absl::StatusCode::kDataLoss)
        << "damage " << i;
  }
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
