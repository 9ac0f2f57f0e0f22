// What the naive model accepts, refuses and keeps: values worked out by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/model/exact.h"
#include "tests/model/instants.h"
#include "tests/model/naive_model.h"

namespace clv::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kNow = 1'700'000'000;  // 2023-11-14 22:13:20

std::vector<std::string> SendPurchase(const std::string& fields) {
  NaiveModel model;
  return model.Send("purchases", "{\"purchase_id\":\"p\"," + fields + "}", kNow);
}

std::vector<std::string> SendAmount(const std::string& amount) {
  return SendPurchase(R"("customer_id":"c","purchase_date":"2023-01-01","purchase_amount":)" +
                      amount);
}

std::vector<std::string> SendDate(const std::string& date) {
  return SendPurchase(R"("customer_id":"c","purchase_amount":1,"purchase_date":)" + date);
}

// The total that one purchase of `amount` gives.
std::string TotalOf(const std::string& amount) {
  NaiveModel model;
  model.Send(
      "purchases",
      R"({"purchase_id":"p","customer_id":"c","purchase_date":"2023-01-01","purchase_amount":)" +
          amount + "}",
      kNow);
  return std::get<Table>(model.Query("total_customer_value", {{"customer_id", "c"}}, kNow))
      .At(0, "total_spend")
      .ToString();
}

TEST(NaiveModelMoneyTest, ReadsNumbersAsDecimalTextRoundedHalfEven) {
  EXPECT_EQ(TotalOf("99.99"), "99.99");
  EXPECT_EQ(TotalOf("0.0000005"), "0");
  EXPECT_EQ(TotalOf("0.0000015"), "0.000002");
  EXPECT_EQ(TotalOf("0.00000050000000000000001"), "0.000001");
  EXPECT_EQ(TotalOf("-0.0000015"), "-0.000002");
  EXPECT_EQ(TotalOf("9.9999995"), "10");
  EXPECT_EQ(TotalOf("1.5e3"), "1500");
  EXPECT_EQ(TotalOf("15E-1"), "1.5");
  EXPECT_EQ(TotalOf("1e-999999999999"), "0");
  EXPECT_EQ(TotalOf("0e999999999999"), "0");
  EXPECT_EQ(TotalOf("-0"), "0");
  EXPECT_EQ(TotalOf("1000000000.0000004"), "1000000000");
}

TEST(NaiveModelMoneyTest, RefusesAmountsAboveTheLimitAfterRounding) {
  EXPECT_THAT(SendAmount("1000000000"), IsEmpty());
  EXPECT_THAT(SendAmount("-1000000000"), IsEmpty());
  EXPECT_THAT(SendAmount("1000000000.0000005"), IsEmpty());
  EXPECT_THAT(SendAmount("1000000000.0000006"), ElementsAre("purchase_amount"));
  EXPECT_THAT(SendAmount("1e400"), ElementsAre("purchase_amount"));
}

TEST(NaiveModelMoneyTest, ReadsDecimalStringsWithoutExponent) {
  EXPECT_EQ(TotalOf(R"("+885.39")"), "885.39");
  EXPECT_EQ(TotalOf(R"("1.1234560000")"), "1.123456");
  EXPECT_EQ(TotalOf(R"("007")"), "7");
  for (const char* refused : {"\"1.1234567\"", "\"1e3\"", "\".5\"", "\"5.\"", "\" 5\"", "\"+\"",
                              "\"1,5\"", "\"--1\"", "true", "[1]", "\"NaN\""}) {
    EXPECT_THAT(SendAmount(refused), ElementsAre("purchase_amount")) << refused;
  }
}

TEST(NaiveModelInstantTest, ReadsEveryDocumentedForm) {
  const auto seconds = [](const std::string& text) { return ParseInstant(text)->seconds; };
  EXPECT_EQ(seconds("2023-11-14 22:13:20"), kNow);
  EXPECT_EQ(seconds("2023-11-14T22:13:20Z"), kNow);
  EXPECT_EQ(seconds("2023-11-14T22:13:20.999"), kNow);
  EXPECT_EQ(seconds("2023-11-15T00:13:20+02:00"), kNow);
  EXPECT_EQ(seconds("2023-11-15T00:13:20.5 02:00"), kNow);
  EXPECT_EQ(seconds("2023-11-14T20:43:20-01:30"), kNow);
  EXPECT_EQ(seconds("2023-11-14"), kNow - 22 * 3600 - 13 * 60 - 20);
  EXPECT_TRUE(ParseInstant("2024-02-29")->plain_date);
}

TEST(NaiveModelInstantTest, RefusesEverythingElse) {
  for (const char* refused :
       {"", "2023-02-29", "2023-13-01", "2023-1-1", "2023-01-01 24:00:00", "2023-01-01 10:00",
        "2023-01-01 10:00:60", "2023-01-01T10:00:00+25:00", "2023-01-01 10:00:00 02:00",
        " 2023-01-01", "2023-01-01 ", "20230101", "1673861400", "now", "2023-01-01T10:00:00+02:"}) {
    EXPECT_FALSE(ParseInstant(refused).has_value()) << refused;
  }
}

TEST(NaiveModelInstantTest, RowsTakeEpochSecondsButNotMilliseconds) {
  EXPECT_THAT(SendDate("1673861400"), IsEmpty());
  EXPECT_THAT(SendDate("0"), IsEmpty());
  EXPECT_THAT(SendDate(std::to_string(kNow + 86'400)), IsEmpty());
  for (const std::string refused : {"1673861400000", "-1", "1673861400.5", "\"1673861400\"", "1e9",
                                    "\"1969-12-31 23:59:59\"", "true", "\"yesterday\""}) {
    EXPECT_THAT(SendDate(refused), ElementsAre("purchase_date")) << refused;
  }
  EXPECT_THAT(SendDate(std::to_string(kNow + 86'401)), ElementsAre("purchase_date"));
}

TEST(NaiveModelQuarantineTest, NamesEveryBrokenColumnInOrder) {
  NaiveModel model;
  EXPECT_THAT(model.Send("purchases", "{}", kNow),
              ElementsAre("customer_id", "purchase_amount", "purchase_date", "purchase_id"));
  EXPECT_THAT(model.Send("customers", R"({"customer_id":"","email":{},"active":2})", kNow),
              ElementsAre("active", "customer_id", "email"));
}

TEST(NaiveModelQuarantineTest, CallsTextThatIsNoObjectByNoColumn) {
  NaiveModel model;
  for (const char* text :
       {"", "5", "[]", "[{\"customer_id\":\"c\"}]", "null", "{", "{\"a\":01}",
        "{\"customer_id\":\"c\"} x", "{\"customer_id\":\"a\tb\"}", "{\"customer_id\":\"c\",}",
        "{\"customer_id\":\"\xff\"}", "{\"customer_id\":\"c\",\"x\":nan}"}) {
    EXPECT_THAT(model.Send("customers", text, kNow), ElementsAre("")) << text;
  }
  const auto nested = [](size_t depth) {
    return "{\"customer_id\":\"c\",\"x\":" + std::string(depth - 1, '[') +
           std::string(depth - 1, ']') + "}";
  };
  EXPECT_THAT(model.Send("customers", nested(64), kNow), IsEmpty());
  EXPECT_THAT(model.Send("customers", nested(65), kNow), ElementsAre(""));
}

TEST(NaiveModelQuarantineTest, ChecksTextsForLengthAndControlCharacters) {
  const auto send = [](const std::string& column, const std::string& json_text) {
    NaiveModel model;
    return model.Send("customers", R"({"customer_id":"c",")" + column + "\":" + json_text + "}",
                      kNow);
  };
  const auto quoted = [](size_t length) { return "\"" + std::string(length, 'x') + "\""; };
  EXPECT_THAT(send("country", quoted(256)), IsEmpty());
  EXPECT_THAT(send("country", quoted(257)), ElementsAre("country"));
  EXPECT_THAT(send("name", quoted(1024)), IsEmpty());
  EXPECT_THAT(send("name", quoted(1025)), ElementsAre("name"));
  EXPECT_THAT(send("name", R"("a\nb")"), ElementsAre("name"));
  EXPECT_THAT(send("name", R"("a\u0085b")"), ElementsAre("name"));
  EXPECT_THAT(send("name", R"("a\u00a0b")"), IsEmpty());
  EXPECT_THAT(send("name", R"("\ud83d\ude00")"), IsEmpty());
  EXPECT_THAT(send("name", R"("\ud83d")"), ElementsAre("name"));
  EXPECT_THAT(send("name", "123"), IsEmpty());
  EXPECT_THAT(send("name", "1.5"), ElementsAre("name"));
  EXPECT_THAT(send("ignored", R"("\ud83d\n")"), IsEmpty());
}

TEST(NaiveModelQuarantineTest, TakesFlagsAndCurrencies) {
  const auto active = [](const std::string& json) {
    NaiveModel model;
    return model.Send("customers", R"({"customer_id":"c","active":)" + json + "}", kNow);
  };
  for (const char* good : {"0", "1", "true", "false", "null", "\"\""}) {
    EXPECT_THAT(active(good), IsEmpty()) << good;
  }
  for (const char* bad : {"2", "-1", "1.0", "\"1\"", "\"true\"", "[]"}) {
    EXPECT_THAT(active(bad), ElementsAre("active")) << bad;
  }
  const std::string rest = R"("customer_id":"c","purchase_amount":1,"purchase_date":0,"currency":)";
  EXPECT_THAT(SendPurchase(rest + "\"eur\""), IsEmpty());
  EXPECT_THAT(SendPurchase(rest + "\"EU\""), ElementsAre("currency"));
  EXPECT_THAT(SendPurchase(rest + "\"E1R\""), ElementsAre("currency"));
  EXPECT_THAT(SendPurchase(rest + "123"), ElementsAre("currency"));
}

TEST(NaiveModelQuarantineTest, ChecksImportedRecords) {
  const auto send = [](const std::string& count, const std::string& first, const std::string& last,
                       const std::string& updated) {
    NaiveModel model;
    return model.Send("customer_clv",
                      R"({"customer_id":"c","total_spend":"1000000000000","purchase_count":)" +
                          count + R"(,"first_purchase_date":")" + first +
                          R"(","last_purchase_date":")" + last + R"(","updated_at":")" + updated +
                          "\"}",
                      kNow);
  };
  EXPECT_THAT(send("1", "2023-01-01", "2023-01-01", "2023-01-01"), IsEmpty());
  EXPECT_THAT(send("\"5\"", "2023-01-01", "2023-01-02", "2023-01-03"), IsEmpty());
  for (const char* bad : {"0", "-1", "1.5", "5.0", "\"5.0\"", "\"+5\"", "true"}) {
    EXPECT_THAT(send(bad, "2023-01-01", "2023-01-01", "2023-01-01"), ElementsAre("purchase_count"));
  }
  EXPECT_THAT(send("1", "2023-01-02", "2023-01-01", "2023-01-03"),
              ElementsAre("first_purchase_date"));
  EXPECT_THAT(send("1", "2023-01-01", "2023-01-03", "2023-01-02"),
              ElementsAre("last_purchase_date"));
}

TEST(NaiveModelValueTest, LastOfDuplicateKeysCounts) {
  NaiveModel model;
  EXPECT_THAT(model.Send("customers", R"({"customer_id":[],"customer_id":"c"})", kNow), IsEmpty());
  EXPECT_THAT(model.Send("customers", R"({"customer_id":"c","customer_id":""})", kNow),
              ElementsAre("customer_id"));
}

// Corrections.

class CorrectionTest : public ::testing::Test {
 protected:
  void Send(const std::string& customer, const std::string& amount, const std::string& created_at,
            int64_t received_at = kNow) {
    const std::string created = created_at.empty() ? "" : R"(,"created_at":")" + created_at + "\"";
    EXPECT_THAT(model_.Send("purchases",
                            R"({"purchase_id":"p1","customer_id":")" + customer +
                                R"(","purchase_amount":)" + amount +
                                R"(,"purchase_date":"2023-01-01 00:00:00")" + created + "}",
                            received_at),
                IsEmpty());
  }

  std::string Cell(const std::string& customer, const std::string& column) {
    const Table table =
        std::get<Table>(model_.Query("total_customer_value", {{"customer_id", customer}}, kNow));
    return table.rows.empty() ? "no row" : table.At(0, column).ToString();
  }

  NaiveModel model_;
};

TEST_F(CorrectionTest, OlderVersionLoses) {
  Send("a", "10", "2023-01-03");
  Send("a", "20", "2023-01-02");
  EXPECT_EQ(Cell("a", "total_spend"), "10");
  Send("a", "30", "2023-01-03");
  EXPECT_EQ(Cell("a", "total_spend"), "30");
}

TEST_F(CorrectionTest, VersionsWithoutATimeGoByArrival) {
  Send("a", "10", "2023-01-03");
  Send("a", "20", "");
  EXPECT_EQ(Cell("a", "total_spend"), "20");
  Send("a", "10", "2023-01-01");  // The winner has none: nothing to be older than.
  EXPECT_EQ(Cell("a", "total_spend"), "10");
}

TEST_F(CorrectionTest, RepeatedRowIsNotReceivedAgain) {
  Send("a", "10", "", kNow);
  Send("a", "10.000", "", kNow + 5);
  EXPECT_EQ(Cell("a", "updated_at"), "\"2023-11-14 22:13:20\"");
  Send("a", "11", "", kNow + 7);
  EXPECT_EQ(Cell("a", "updated_at"), "\"2023-11-14 22:13:27\"");
}

TEST_F(CorrectionTest, MovedPurchaseLeavesNothingBehind) {
  Send("a", "10", "2023-01-01");
  Send("b", "12", "2023-01-02", kNow + 1);
  EXPECT_EQ(Cell("a", "total_spend"), "no row");
  EXPECT_EQ(Cell("b", "total_spend"), "12");
  EXPECT_EQ(Cell("b", "updated_at"), "\"2023-11-14 22:13:21\"");
}

TEST_F(CorrectionTest, MoveCountsAsAnUpdateOfBothCustomers) {
  model_.Send("customers", R"({"customer_id":"a"})", kNow - 10);
  Send("a", "10", "2023-01-01", kNow);
  Send("b", "10", "2023-01-02", kNow + 1);
  EXPECT_EQ(Cell("a", "updated_at"), "\"2023-11-14 22:13:21\"");
  EXPECT_EQ(Cell("a", "total_spend"), "0");
}

TEST_F(CorrectionTest, WinnerReplacesTheWholeRow) {
  model_.Send("customers", R"({"customer_id":"a","name":"Ann","country":"USA"})", kNow);
  model_.Send("customers", R"({"customer_id":"a","country":"UK"})", kNow);
  EXPECT_EQ(Cell("a", "name"), "null");
  EXPECT_EQ(Cell("a", "country"), "\"UK\"");
}

}  // namespace
}  // namespace clv::model
