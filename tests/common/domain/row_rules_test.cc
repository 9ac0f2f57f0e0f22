#include "common/domain/row_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "common/base/money.h"

namespace clv::domain {
namespace {

using ::testing::HasSubstr;
using Kind = RawValue::Kind;

constexpr int64_t kNow = 1'700'000'000;

RawRow GoodCustomer() {
  RawRow row;
  row[CustomerColumn::kCustomerId] = RawValue::Text("c123");
  return row;
}

RawRow GoodPurchase() {
  RawRow row;
  row[PurchaseColumn::kPurchaseId] = RawValue::Text("p456");
  row[PurchaseColumn::kCustomerId] = RawValue::Text("c123");
  row[PurchaseColumn::kPurchaseAmount] = RawValue::Number("99.99");
  row[PurchaseColumn::kPurchaseDate] = RawValue::Text("2023-01-16 14:20:00");
  return row;
}

RawRow GoodClv() {
  RawRow row;
  row[ImportedClvColumn::kCustomerId] = RawValue::Text("c123");
  row[ImportedClvColumn::kTotalSpend] = RawValue::Number("500.25");
  row[ImportedClvColumn::kPurchaseCount] = RawValue::Number("5");
  row[ImportedClvColumn::kFirstPurchaseDate] = RawValue::Text("2023-01-16 14:20:00");
  row[ImportedClvColumn::kLastPurchaseDate] = RawValue::Text("2023-06-20 09:15:00");
  row[ImportedClvColumn::kUpdatedAt] = RawValue::Text("2023-06-20 09:15:00");
  return row;
}

RawRow CustomerWith(CustomerColumn place, RawValue value) {
  RawRow row = GoodCustomer();
  row[place] = value;
  return row;
}

RawRow PurchaseWith(PurchaseColumn place, RawValue value) {
  RawRow row = GoodPurchase();
  row[place] = value;
  return row;
}

RawRow ClvWith(ImportedClvColumn place, RawValue value) {
  RawRow row = GoodClv();
  row[place] = value;
  return row;
}

// The only broken column's error; empty when all is well.
template <typename Record>
std::string OnlyError(const CheckedRow<Record>& checked) {
  EXPECT_LE(checked.broken.size(), 1u);
  return checked.ok() ? "" : checked.broken.front().error;
}

TEST(RowRulesTest, FillsInTheDefaultsOfACustomer) {
  const CheckedRow<Customer> checked = CheckCustomer(GoodCustomer(), kNow);
  ASSERT_TRUE(checked.ok());
  EXPECT_EQ(checked.record, (Customer{.customer_id = "c123", .active = true}));
}

TEST(RowRulesTest, FillsInTheDefaultsOfAPurchase) {
  const CheckedRow<Purchase> checked = CheckPurchase(GoodPurchase(), kNow);
  ASSERT_TRUE(checked.ok());
  EXPECT_EQ(checked.record, (Purchase{.purchase_id = "p456",
                                      .customer_id = "c123",
                                      .order_id = "p456",
                                      .purchase_amount_micros = 99'990'000,
                                      .purchase_date = 1'673'878'800}));
}

TEST(RowRulesTest, ReadsAnImportedRecord) {
  const CheckedRow<ImportedClv> checked = CheckImportedClv(GoodClv(), kNow);
  ASSERT_TRUE(checked.ok());
  EXPECT_EQ(checked.record, (ImportedClv{.customer_id = "c123",
                                         .total_spend_micros = 500'250'000,
                                         .purchase_count = 5,
                                         .first_purchase_date = 1'673'878'800,
                                         .last_purchase_date = 1'687'252'500,
                                         .updated_at = 1'687'252'500}));
}

TEST(RowRulesTest, WantsEveryRequiredColumn) {
  for (const DataSource data_source : kDataSources) {
    std::vector<std::string> wanted;
    for (const Column& column : ColumnsOf(data_source)) {
      if (column.required)
        wanted.push_back(std::string(column.name) + ": got nothing, want a value");
    }
    RawRow row;
    row.values[0] = RawValue::Text("");
    const std::vector<BrokenColumn> broken =
        data_source == DataSource::kCustomers   ? CheckCustomer(row, kNow).broken
        : data_source == DataSource::kPurchases ? CheckPurchase(row, kNow).broken
                                                : CheckImportedClv(row, kNow).broken;
    std::vector<std::string> errors;
    for (const BrokenColumn& column : broken) errors.push_back(column.error);
    EXPECT_EQ(errors, wanted);
  }
}

// The only broken column's reason.
std::string ReasonOf(const RawRow& purchase) {
  const CheckedRow<Purchase> checked = CheckPurchase(purchase, kNow);
  EXPECT_EQ(checked.broken.size(), 1u);
  return checked.ok() ? "" : checked.broken.front().reason;
}

TEST(RowRulesTest, ReasonsDoNotRepeatWhatWasGot) {
  RawRow missing = GoodPurchase();
  missing[PurchaseColumn::kPurchaseId] = RawValue();
  EXPECT_EQ(ReasonOf(missing), "a value");
  const std::string long_text(257, 'x');
  RawRow too_long = GoodPurchase();
  too_long[PurchaseColumn::kProductId] = RawValue::Text(long_text);
  EXPECT_EQ(ReasonOf(too_long), "at most 256 bytes");
  for (const char* text : {"abc", "1, want 2", ", want ", "1.2345678"}) {
    RawRow amount = GoodPurchase();
    amount[PurchaseColumn::kPurchaseAmount] = RawValue::Text(text);
    const std::string reason = ReasonOf(amount);
    EXPECT_FALSE(reason.empty());
    EXPECT_EQ(reason.find(text), std::string::npos) << reason;
    EXPECT_EQ(reason.find("want"), std::string::npos) << reason;
  }
  RawRow date = GoodPurchase();
  date[PurchaseColumn::kPurchaseDate] = RawValue::Text("soon, want it");
  EXPECT_EQ(ReasonOf(date), "YYYY-MM-DD HH:MM:SS, ISO 8601, YYYY-MM-DD or integer epoch seconds");
}

TEST(RowRulesTest, TakesEmptyTextsAsAbsentInEveryOptionalColumn) {
  RawRow customer = GoodCustomer();
  for (size_t place = 1; place < ColumnsOf(DataSource::kCustomers).size(); ++place) {
    customer.values[place] = RawValue::Text("");
  }
  EXPECT_EQ(CheckCustomer(customer, kNow).record, CheckCustomer(GoodCustomer(), kNow).record);
  RawRow purchase = GoodPurchase();
  for (size_t place = 4; place < ColumnsOf(DataSource::kPurchases).size(); ++place) {
    purchase.values[place] = RawValue::Text("");
  }
  const CheckedRow<Purchase> checked = CheckPurchase(purchase, kNow);
  ASSERT_TRUE(checked.ok());
  EXPECT_EQ(checked.record, CheckPurchase(GoodPurchase(), kNow).record);
}

TEST(RowRulesTest, ReadsIntegersAsTheirDecimalText) {
  const std::string huge(256, '9');
  for (const std::string& token : {std::string("123"), std::string("0"), std::string("-7"), huge}) {
    const CheckedRow<Customer> checked =
        CheckCustomer(CustomerWith(CustomerColumn::kCustomerId, RawValue::Number(token)), kNow);
    ASSERT_TRUE(checked.ok()) << token;
    EXPECT_EQ(checked.record.customer_id, token);
  }
  EXPECT_EQ(CheckCustomer(CustomerWith(CustomerColumn::kCustomerId, RawValue::Number("-0")), kNow)
                .record.customer_id,
            "0");
}

TEST(RowRulesTest, RefusesOtherTypesForTexts) {
  const std::vector<RawValue> values = {RawValue::Number("1.5"),
                                        RawValue::Number("1e3"),
                                        RawValue::Flag(true),
                                        {Kind::kContainer, "{}", 0},
                                        {Kind::kContainer, "[1]", 0}};
  for (const RawValue& value : values) {
    EXPECT_THAT(OnlyError(CheckCustomer(CustomerWith(CustomerColumn::kCountry, value), kNow)),
                HasSubstr("want text"));
  }
  EXPECT_EQ(OnlyError(CheckCustomer(
                CustomerWith(CustomerColumn::kCountry, {Kind::kContainer, "[1]", 0}), kNow)),
            "country: got an array, want text");
  EXPECT_THAT(
      OnlyError(CheckCustomer(
          CustomerWith(CustomerColumn::kCountry, {Kind::kBrokenText, "\xEF\xBF\xBD", 0}), kNow)),
      HasSubstr("surrogate"));
}

TEST(RowRulesTest, LimitsTextsTo256And1024Bytes) {
  const std::string at_limit(256, 'x');
  const std::string over_limit(257, 'x');
  const std::string long_at_limit(1024, 'x');
  const std::string long_over_limit(1025, 'x');
  for (const CustomerColumn place :
       {CustomerColumn::kCustomerId, CustomerColumn::kCountry, CustomerColumn::kCustomerSegment,
        CustomerColumn::kAcquisitionSource}) {
    EXPECT_EQ(OnlyError(CheckCustomer(CustomerWith(place, RawValue::Text(at_limit)), kNow)), "");
    EXPECT_THAT(OnlyError(CheckCustomer(CustomerWith(place, RawValue::Text(over_limit)), kNow)),
                HasSubstr("at most 256 bytes (got 257)"));
  }
  for (const CustomerColumn place : {CustomerColumn::kName, CustomerColumn::kEmail}) {
    EXPECT_EQ(OnlyError(CheckCustomer(CustomerWith(place, RawValue::Text(long_at_limit)), kNow)),
              "");
    EXPECT_NE(OnlyError(CheckCustomer(CustomerWith(place, RawValue::Text(long_over_limit)), kNow)),
              "");
  }
  EXPECT_EQ(OnlyError(CheckPurchase(
                PurchaseWith(PurchaseColumn::kProductName, RawValue::Text(long_at_limit)), kNow)),
            "");
  EXPECT_NE(OnlyError(CheckPurchase(
                PurchaseWith(PurchaseColumn::kProductId, RawValue::Text(over_limit)), kNow)),
            "");
  EXPECT_NE(OnlyError(CheckPurchase(
                PurchaseWith(PurchaseColumn::kOrderId, RawValue::Text(over_limit)), kNow)),
            "");
  // Bytes count, not characters.
  std::string euros;
  for (int i = 0; i < 86; ++i) euros += "\xE2\x82\xAC";
  EXPECT_NE(
      OnlyError(CheckCustomer(CustomerWith(CustomerColumn::kCountry, RawValue::Text(euros)), kNow)),
      "");
}

TEST(RowRulesTest, RefusesControlCharacters) {
  for (const std::string& text :
       {std::string("a\tb"), std::string("a\0b", 3), std::string("\x1F"), std::string("\x7F"),
        std::string("\xC2\x85"), std::string("x\n")}) {
    EXPECT_THAT(
        OnlyError(CheckCustomer(CustomerWith(CustomerColumn::kName, RawValue::Text(text)), kNow)),
        HasSubstr("control characters"));
  }
  EXPECT_EQ(OnlyError(CheckCustomer(CustomerWith(CustomerColumn::kName,
                                                 RawValue::Text("\xC2\xA0 \xC3\x85 \xE6\x97\xA5")),
                                    kNow)),
            "");
}

TEST(RowRulesTest, KeepsSpacesInTexts) {
  EXPECT_EQ(CheckCustomer(CustomerWith(CustomerColumn::kCustomerId, RawValue::Text(" c ")), kNow)
                .record.customer_id,
            " c ");
}

TEST(RowRulesTest, ReadsInstantsAsTextOrEpochSeconds) {
  const auto signup = [](RawValue value) {
    const CheckedRow<Customer> checked =
        CheckCustomer(CustomerWith(CustomerColumn::kSignupDate, value), kNow);
    EXPECT_TRUE(checked.ok());
    return checked.record.signup_date;
  };
  EXPECT_EQ(signup(RawValue::Text("2023-01-15")), 1'673'740'800);
  EXPECT_EQ(signup(RawValue::Text("2023-01-15T10:30:00.9+02:00")), 1'673'771'400);
  EXPECT_EQ(signup(RawValue::Number("1673771400")), 1'673'771'400);
  EXPECT_EQ(signup(RawValue::Number("0")), 0);
  EXPECT_EQ(signup(RawValue::Instant(5)), 5);
  EXPECT_EQ(signup(RawValue::Number(std::to_string(kNow + 86'400))), kNow + 86'400);
}

TEST(RowRulesTest, RefusesOtherInstants) {
  const std::vector<RawValue> values = {RawValue::Text("yesterday"),
                                        RawValue::Text("1673771400"),
                                        RawValue::Text("2023-02-30"),
                                        RawValue::Text("1969-12-31 23:59:59"),
                                        RawValue::Number("1673771400.5"),
                                        RawValue::Number("1e9"),
                                        RawValue::Number("-1"),
                                        RawValue::Number("99999999999999999999999"),
                                        RawValue::Instant(-1),
                                        RawValue::Instant(kNow + 86'401),
                                        RawValue::Instant(std::numeric_limits<int64_t>::max()),
                                        RawValue::Flag(true),
                                        {Kind::kContainer, "{}", 0}};
  for (const RawValue& value : values) {
    EXPECT_NE(OnlyError(CheckPurchase(PurchaseWith(PurchaseColumn::kPurchaseDate, value), kNow)),
              "")
        << TextOf(value).value_or("");
  }
}

TEST(RowRulesTest, HintsAtEpochMilliseconds) {
  EXPECT_EQ(
      OnlyError(CheckPurchase(
          PurchaseWith(PurchaseColumn::kPurchaseDate, RawValue::Number("1673771400000")), kNow)),
      "purchase_date: got '1673771400000', want epoch seconds; this looks like epoch milliseconds");
}

TEST(RowRulesTest, ReadsMoneyExactly) {
  const auto amount = [](RawValue value) {
    const CheckedRow<Purchase> checked =
        CheckPurchase(PurchaseWith(PurchaseColumn::kPurchaseAmount, value), kNow);
    EXPECT_TRUE(checked.ok()) << OnlyError(checked);
    return checked.record.purchase_amount_micros;
  };
  EXPECT_EQ(amount(RawValue::Number("0.1")), 100'000);
  EXPECT_EQ(amount(RawValue::Number("1.0000005")), 1'000'000);
  EXPECT_EQ(amount(RawValue::Number("-2.5e1")), -25'000'000);
  EXPECT_EQ(amount(RawValue::Text("885.39")), 885'390'000);
  EXPECT_EQ(amount(RawValue::Text("+7")), 7'000'000);
  EXPECT_EQ(amount(RawValue::Number("0")), 0);
  EXPECT_EQ(amount(RawValue::Number("1e9")), kMaxAmountMicros);
  EXPECT_EQ(amount(RawValue::Micros(-kMaxAmountMicros)), -kMaxAmountMicros);
}

TEST(RowRulesTest, RefusesOtherMoney) {
  const std::vector<RawValue> values = {
      RawValue::Text("abc"),          RawValue::Text("1e3"),
      RawValue::Text("1.1234567"),    RawValue::Text(" 1"),
      RawValue::Number("1000000001"), RawValue::Number("1e400"),
      RawValue::Flag(false),          RawValue::Micros(kMaxAmountMicros + 1),
      {Kind::kContainer, "[]", 0}};
  for (const RawValue& value : values) {
    EXPECT_THAT(
        OnlyError(CheckPurchase(PurchaseWith(PurchaseColumn::kPurchaseAmount, value), kNow)),
        HasSubstr("purchase_amount: got "));
  }
  EXPECT_EQ(OnlyError(CheckPurchase(
                PurchaseWith(PurchaseColumn::kPurchaseAmount, RawValue::Text("abc")), kNow)),
            "purchase_amount: got 'abc', want a decimal number such as 12.50");
}

TEST(RowRulesTest, TakesImportedTotalsToTenToTheTwelfth) {
  EXPECT_TRUE(
      CheckImportedClv(ClvWith(ImportedClvColumn::kTotalSpend, RawValue::Number("1e12")), kNow)
          .ok());
  EXPECT_TRUE(
      CheckImportedClv(ClvWith(ImportedClvColumn::kTotalSpend, RawValue::Number("-5")), kNow).ok());
  EXPECT_FALSE(CheckImportedClv(
                   ClvWith(ImportedClvColumn::kTotalSpend, RawValue::Number("1.0000001e12")), kNow)
                   .ok());
}

TEST(RowRulesTest, ReadsCountsOfAtLeastOne) {
  const auto count = [](RawValue value) {
    const CheckedRow<ImportedClv> checked =
        CheckImportedClv(ClvWith(ImportedClvColumn::kPurchaseCount, value), kNow);
    return checked.ok() ? checked.record.purchase_count : -1;
  };
  EXPECT_EQ(count(RawValue::Number("1")), 1);
  EXPECT_EQ(count(RawValue::Text("12")), 12);
  EXPECT_EQ(count(RawValue::Text("007")), 7);
  EXPECT_EQ(count(RawValue::Integer(9)), 9);
  EXPECT_EQ(count(RawValue::Number("9223372036854775807")), std::numeric_limits<int64_t>::max());
  for (const RawValue& value :
       {RawValue::Number("0"), RawValue::Number("-1"), RawValue::Number("1.0"),
        RawValue::Number("1e1"), RawValue::Number("9223372036854775808"), RawValue::Text("+5"),
        RawValue::Text("5.0"), RawValue::Text("five"), RawValue::Integer(0),
        RawValue::Flag(true)}) {
    EXPECT_EQ(count(value), -1) << TextOf(value).value_or("");
  }
}

TEST(RowRulesTest, ReadsFlagsAsZeroOneTrueFalse) {
  const auto active = [](RawValue value) {
    const CheckedRow<Customer> checked =
        CheckCustomer(CustomerWith(CustomerColumn::kActive, value), kNow);
    return checked.ok() ? std::optional<bool>(checked.record.active) : std::nullopt;
  };
  EXPECT_EQ(active(RawValue::Number("1")), true);
  EXPECT_EQ(active(RawValue::Number("0")), false);
  EXPECT_EQ(active(RawValue::Flag(false)), false);
  EXPECT_EQ(active(RawValue::Flag(true)), true);
  for (const RawValue& value :
       {RawValue::Number("2"), RawValue::Number("1.0"), RawValue::Number("-0"),
        RawValue::Text("true"), RawValue::Text("1"), RawValue{Kind::kContainer, "{}", 0}}) {
    EXPECT_FALSE(active(value).has_value()) << TextOf(value).value_or("");
  }
}

TEST(RowRulesTest, UpperCasesCurrencies) {
  const auto currency = [](RawValue value) {
    const CheckedRow<Purchase> checked =
        CheckPurchase(PurchaseWith(PurchaseColumn::kCurrency, value), kNow);
    return checked.ok() ? checked.record.currency : "broken";
  };
  EXPECT_EQ(currency(RawValue::Text("eUr")), "EUR");
  EXPECT_EQ(currency(RawValue()), "");
  for (const RawValue& value :
       {RawValue::Text("US"), RawValue::Text("USDX"), RawValue::Text("U D"),
        RawValue::Text("\xE2\x82\xAC"), RawValue::Text("12A"), RawValue::Number("123")}) {
    EXPECT_EQ(currency(value), "broken") << TextOf(value).value_or("");
  }
}

TEST(RowRulesTest, KeepsAGivenOrderId) {
  EXPECT_EQ(CheckPurchase(PurchaseWith(PurchaseColumn::kOrderId, RawValue::Text("o1")), kNow)
                .record.order_id,
            "o1");
}

TEST(RowRulesTest, WantsTheDatesOfAnImportedRecordInOrder) {
  EXPECT_EQ(OnlyError(CheckImportedClv(ClvWith(ImportedClvColumn::kFirstPurchaseDate,
                                               RawValue::Text("2023-06-20 09:15:01")),
                                       kNow)),
            "first_purchase_date: got '2023-06-20 09:15:01', want an instant not after "
            "last_purchase_date");
  EXPECT_EQ(OnlyError(CheckImportedClv(ClvWith(ImportedClvColumn::kLastPurchaseDate,
                                               RawValue::Text("2023-06-20 09:15:01")),
                                       kNow)),
            "last_purchase_date: got '2023-06-20 09:15:01', want an instant not after updated_at");
  EXPECT_TRUE(CheckImportedClv(ClvWith(ImportedClvColumn::kFirstPurchaseDate,
                                       RawValue::Text("2023-06-20 09:15:00")),
                               kNow)
                  .ok());
}

TEST(RowRulesTest, FindsEveryBrokenColumnInColumnOrder) {
  RawRow row = GoodPurchase();
  row[PurchaseColumn::kOrderId] = RawValue::Flag(true);
  row[PurchaseColumn::kPurchaseAmount] = RawValue::Text("abc");
  row[PurchaseColumn::kCustomerId] = RawValue();
  const CheckedRow<Purchase> checked = CheckPurchase(row, kNow);
  ASSERT_EQ(checked.broken.size(), 3u);
  EXPECT_EQ(checked.broken[0].place, static_cast<size_t>(PurchaseColumn::kCustomerId));
  EXPECT_EQ(checked.broken[1].place, static_cast<size_t>(PurchaseColumn::kPurchaseAmount));
  EXPECT_EQ(checked.broken[2].place, static_cast<size_t>(PurchaseColumn::kOrderId));
}

TEST(RowRulesTest, CutsLongValuesInErrors) {
  const std::string garbage(1'000, 'z');
  const std::string error = OnlyError(
      CheckPurchase(PurchaseWith(PurchaseColumn::kPurchaseAmount, RawValue::Text(garbage)), kNow));
  EXPECT_LT(error.size(), 160u);
  EXPECT_THAT(error, HasSubstr("zzz...'"));
}

// The only broken column's reason.
template <typename Checked>
std::string ReasonOf(const Checked& checked) {
  EXPECT_EQ(checked.broken.size(), 1u);
  return checked.ok() ? "" : checked.broken.front().reason;
}

TEST(RowRulesTest, ReasonsAreTheWantedPartAndHoldNoValue) {
  struct Case {
    PurchaseColumn place;
    std::vector<RawValue> values;
    std::string reason;
  };
  const std::string too_long(300, 'x');
  const std::string longer(3'000, 'y');
  const std::vector<Case> cases = {
      {PurchaseColumn::kCustomerId, {RawValue(), RawValue::Text("")}, "a value"},
      {PurchaseColumn::kCustomerId,
       {RawValue::Text(too_long), RawValue::Text(longer)},
       "at most 256 bytes"},
      {PurchaseColumn::kCustomerId, {RawValue::Flag(true), RawValue::Number("1.5")}, "text"},
      {PurchaseColumn::kPurchaseAmount,
       {RawValue::Text("abc"), RawValue::Text("x, want y"), RawValue::Text("1e3")},
       "a decimal number such as 12.50"},
      {PurchaseColumn::kPurchaseAmount,
       {RawValue::Text("1.2345678"), RawValue::Text("0.0000001")},
       "at most 6 decimals"},
      {PurchaseColumn::kPurchaseAmount,
       {RawValue::Text("1000000001"), RawValue::Number("-1e12"),
        RawValue::Micros(kMaxAmountMicros + 1)},
       "an amount between -1000000000 and 1000000000"},
      {PurchaseColumn::kPurchaseDate,
       {RawValue::Text("soon"), RawValue::Text("2023-02-30"), RawValue::Number("1.5")},
       "YYYY-MM-DD HH:MM:SS, ISO 8601, YYYY-MM-DD or integer epoch seconds"},
      {PurchaseColumn::kPurchaseDate,
       {RawValue::Number("-1"), RawValue::Number("1800000000")},
       "an instant between 1970-01-01 and one day ahead of the server's clock"},
      {PurchaseColumn::kCurrency,
       {RawValue::Text("EURO"), RawValue::Text("1")},
       "three letters such as USD"}};
  for (const Case& c : cases) {
    for (const RawValue& value : c.values) {
      EXPECT_EQ(ReasonOf(CheckPurchase(PurchaseWith(c.place, value), kNow)), c.reason);
    }
  }
}

TEST(RowRulesTest, ErrorsEndWithTheirReasons) {
  const CheckedRow<Customer> checked =
      CheckCustomer(CustomerWith(CustomerColumn::kActive, RawValue::Text("yes")), kNow);
  ASSERT_EQ(checked.broken.size(), 1u);
  EXPECT_EQ(checked.broken[0].error, "active: got 'yes', want " + checked.broken[0].reason);
}

}  // namespace
}  // namespace clv::domain
