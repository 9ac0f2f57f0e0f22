#include "services/ingest/csv_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "common/domain/row_rules.h"
#include "common/rpc/v0_reply.h"
#include "tests/services/ingest/row_recorder.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::Status ReadInto(RowRecorder& recorder, DataSource data_source, std::string_view text,
                      const CsvFormat& format, const std::vector<size_t>& sizes,
                      size_t max_row_bytes = kMaxFileRowBytes) {
  CsvRows rows(data_source, format, &recorder, max_row_bytes);
  const absl::Status taken =
      TakeInPieces([&](std::string_view piece) { return rows.Take(piece); }, text, sizes);
  return taken.ok() ? rows.Finish() : taken;
}

std::vector<std::string> Read(DataSource data_source, std::string_view text,
                              const CsvFormat& format = {},
                              const std::vector<size_t>& sizes = {1'000'000}) {
  RowRecorder recorder(data_source);
  const absl::Status status = ReadInto(recorder, data_source, text, format, sizes);
  EXPECT_TRUE(status.ok()) << status;
  return recorder.entries();
}

std::vector<std::string> Customers(std::string_view text, const CsvFormat& format = {}) {
  return Read(DataSource::kCustomers, text, format);
}

std::string ErrorOf(DataSource data_source, std::string_view text) {
  RowRecorder recorder(data_source);
  const absl::Status status = ReadInto(recorder, data_source, text, {}, {3});
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(rpc::HttpStatusOf(status), 400);
  EXPECT_THAT(recorder.entries(), IsEmpty());
  return std::string(status.message());
}

TEST(CsvRowsTest, AHeaderSaysWhereTheColumnsAre) {
  EXPECT_THAT(
      Customers("name,shoe_size, Customer_ID \nAnn,44,c1\n,,c2\n"),
      ElementsAre(R"(row {"customer_id":"c1","name":"Ann"})", R"(row {"customer_id":"c2"})"));
}

TEST(CsvRowsTest, WithoutAHeaderTheColumnsAreThoseOfTheDataSource) {
  EXPECT_THAT(
      Read(DataSource::kPurchases,
           "p1,c1,9.99,2023-01-16 14:20:00,prod,Tea,Drinks,Card,USD,2023-01-16 14:20:00\n"
           "p2,c1,-1,2023-01-17,,,,,,\n"),
      ElementsAre(
          R"(row {"purchase_id":"p1","customer_id":"c1","purchase_amount":"9.99","purchase_date":"2023-01-16 14:20:00","product_id":"prod","product_name":"Tea","product_category":"Drinks","payment_method":"Card","currency":"USD","created_at":"2023-01-16 14:20:00"})",
          R"(row {"purchase_id":"p2","customer_id":"c1","purchase_amount":"-1","purchase_date":"2023-01-17"})"));
}

TEST(CsvRowsTest, AValueThatIsAColumnsNameMakesNoHeader) {
  EXPECT_THAT(Customers("c1,Ann,ann@x.com,2023-01-15,DE,Premium,email\n"),
              ElementsAre(R"(row {"customer_id":"c1","name":"Ann","email":"ann@x.com",)"
                          R"("signup_date":"2023-01-15","country":"DE",)"
                          R"("customer_segment":"Premium","acquisition_source":"email"})"));
}

TEST(CsvRowsTest, FindsTheDelimiter) {
  for (const char delimiter : {',', ';', '\t', '|'}) {
    const std::string d(1, delimiter);
    EXPECT_THAT(Customers("customer_id" + d + "name\nc1" + d + "\"a" + d + "b\"\n"),
                ElementsAre("row {\"customer_id\":\"c1\",\"name\":\"a" +
                            (delimiter == '\t' ? std::string("\\u0009") : d) + "b\"}"));
  }
}

TEST(CsvRowsTest, TakesTheDialectThatIsSaid) {
  EXPECT_THAT(Customers("customer_id:name\rc1:\"a\\\"b\"\r",
                        {.delimiter = ':', .line_end = '\r', .escape = '\\'}),
              ElementsAre(R"(row {"customer_id":"c1","name":"a\"b"})"));
  EXPECT_THAT(Customers("c1;x,Anna,,,,,,,\n", {.delimiter = ','}),
              ElementsAre(R"(row {"customer_id":"c1;x","name":"Anna"})"));
}

TEST(CsvRowsTest, ValuesKeepTheRulesOfRows) {
  RowRecorder recorder(DataSource::kCustomerClv);
  EXPECT_THAT(
      Read(DataSource::kCustomerClv,
           "customer_id,total_spend,purchase_count,first_purchase_date,last_purchase_date,"
           "updated_at\nc1,500.25,5,1673878800,2023-06-20 09:15:00,2023-06-20T09:15:00Z\n"),
      ElementsAre(R"(row {"customer_id":"c1","total_spend":"500.25","purchase_count":"5",)"
                  R"("first_purchase_date":1673878800,"last_purchase_date":"2023-06-20 09:15:00",)"
                  R"("updated_at":"2023-06-20T09:15:00Z"})"));
  EXPECT_THAT(
      Customers("customer_id,active\na,1\nb,0\nc,true\nd,FALSE\ne,yes\nf,\n"),
      ElementsAre(R"(row {"customer_id":"a","active":1})", R"(row {"customer_id":"b","active":0})",
                  R"(row {"customer_id":"c","active":true})",
                  R"(row {"customer_id":"d","active":false})",
                  R"(row {"customer_id":"e","active":"yes"})", R"(row {"customer_id":"f"})"));
}

TEST(CsvRowsTest, TextsOfDigitsStayTexts) {
  EXPECT_THAT(Customers("customer_id,signup_date\n007,0012\n"),
              ElementsAre(R"(row {"customer_id":"007","signup_date":"0012"})"));
}

TEST(CsvRowsTest, ALineOfAnotherLengthIsInvalid) {
  EXPECT_THAT(
      Customers("customer_id,name\nc1\nc2,a,b\nc3,\"x\ny\"\n\nc4,z\n"),
      ElementsAre("line c1 | invalid line: got 1 value, want 2 | invalid line: another number of "
                  "values",
                  "line c2,a,b | invalid line: got 3 values, want 2 | invalid line: another number "
                  "of values",
                  R"(row {"customer_id":"c3","name":"x\u000ay"})",
                  R"(row {"customer_id":"c4","name":"z"})"));
}

TEST(CsvRowsTest, OptionalColumnsMayBeMissingAtTheEndOfAllLinesAlike) {
  EXPECT_THAT(
      Customers("c1,Ann\nc2,Bob,b@x.com\n"),
      ElementsAre(R"(row {"customer_id":"c1","name":"Ann"})", HasSubstr("got 3 values, want 2")));
  EXPECT_THAT(Read(DataSource::kPurchases, "p1,c1,1\n"),
              ElementsAre(HasSubstr("got 3 values, want 11")));
}

TEST(CsvRowsTest, AQuoteThatIsNotClosedCostsItsLine) {
  EXPECT_THAT(
      Customers("customer_id,name\nc1,\"x\nc2,y\n"),
      ElementsAre("line c1,\"x | invalid line: a quote is not closed | invalid line: a quote "
                  "is not closed",
                  R"(row {"customer_id":"c2","name":"y"})"));
}

TEST(CsvRowsTest, ALineThatIsTooLongIsInvalid) {
  RowRecorder recorder(DataSource::kCustomers);
  ASSERT_TRUE(ReadInto(recorder, DataSource::kCustomers,
                       "customer_id,name\nc1," + std::string(100, 'x') + "\nc2,y\n", {}, {5}, 40)
                  .ok());
  EXPECT_THAT(recorder.entries(),
              ElementsAre(HasSubstr("invalid line: it is longer than a row may be"),
                          R"(row {"customer_id":"c2","name":"y"})"));
}

TEST(CsvRowsTest, TextThatIsNotUtf8IsBrokenInItsColumnOnly) {
  RowRecorder recorder(DataSource::kCustomers);
  CsvRows rows(DataSource::kCustomers, {}, &recorder);
  ASSERT_TRUE(rows.Take("customer_id,name\ncaf\xc3\xa9,caf\xe9\n").ok());
  EXPECT_THAT(recorder.entries(),
              ElementsAre("row {\"customer_id\":\"caf\xc3\xa9\",\"name\":\"caf\xef\xbf\xbd\"}"));
}

TEST(CsvRowsTest, RefusesHeadersThatCannotBeRead) {
  EXPECT_EQ(ErrorOf(DataSource::kPurchases, "purchase_id,customer_id,purchase_amount\np1,c1,1\n"),
            "the header lacks the column purchase_date of purchases");
  EXPECT_EQ(ErrorOf(DataSource::kCustomers, "customer_id,name,NAME\nc1,a,b\n"),
            "the header names the column name twice");
}

TEST(CsvRowsTest, KnowsWhenNothingHasCome) {
  for (const char* text : {"", "\n\r\n", "\xef\xbb\xbf"}) {
    RowRecorder recorder(DataSource::kCustomers);
    CsvRows rows(DataSource::kCustomers, {}, &recorder);
    ASSERT_TRUE(rows.Take(text).ok());
    ASSERT_TRUE(rows.Finish().ok());
    EXPECT_TRUE(rows.is_empty());
  }
  for (const char* text : {"customer_id\n", "x", "\"open"}) {
    RowRecorder recorder(DataSource::kCustomers);
    CsvRows rows(DataSource::kCustomers, {}, &recorder);
    ASSERT_TRUE(rows.Take(text).ok());
    ASSERT_TRUE(rows.Finish().ok());
    EXPECT_FALSE(rows.is_empty()) << text;
  }
}

TEST(CsvRowsTest, AFirstLineThatDoesNotEndIsNotWaitedForForever) {
  const std::string line(200'000, 'x');
  EXPECT_THAT(Customers(line + ";" + line),
              ElementsAre("row {\"customer_id\":\"" + line + ";" + line + "\"}"));
}

TEST(CsvRowsTest, EndsWithTheErrorOfItsSink) {
  RowRecorder recorder(DataSource::kCustomers);
  recorder.FailAt(1);
  EXPECT_EQ(ReadInto(recorder, DataSource::kCustomers, "c1\nc2\n", {}, {100}),
            absl::AbortedError("enough"));
}

RC_GTEST_PROP(CsvRowsProperty, PiecesChangeNothing, ()) {
  const auto parts =
      *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
          "customer_id", "name", "active", "c1", "\"a,b\"", "\"", "\"\"", ",", ",", ";", "\t", "\n",
          "\n", "\r\n", "1", "\xff", "\xef\xbb\xbf", "2023-01-15", "x"}));
  std::string text;
  for (const std::string& part : parts) text += part;
  const auto sizes =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 9)));
  const size_t most = *rc::gen::element(size_t{12}, kMaxFileRowBytes);
  RowRecorder whole(DataSource::kCustomers);
  RowRecorder pieces(DataSource::kCustomers);
  const absl::Status first = ReadInto(whole, DataSource::kCustomers, text, {}, {1'000'000}, most);
  const absl::Status second = ReadInto(pieces, DataSource::kCustomers, text, {}, sizes, most);
  RC_ASSERT(first == second);
  RC_ASSERT(whole.entries() == pieces.entries());
}

}  // namespace
}  // namespace clv::ingest
