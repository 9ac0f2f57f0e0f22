#include "tools/cli/csv_reader.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/tools/cli/text_source.h"

namespace clv::cli {
namespace {

constexpr char kHeader[] = "customer_id,purchase_id,purchase_amount,purchase_date,product_name\n";

absl::StatusOr<std::string> Convert(const std::string& csv, const CsvOptions& options = {},
                                    const char* data_source = "purchases") {
  std::string first;
  for (const size_t piece : {1, 5, 10'000}) {
    auto reader = NewCsvReader(std::make_unique<TextSource>(csv, piece),
                               *FindDataSource(data_source), options);
    if (!reader.ok()) {
      return reader.status();
    }
    std::string json;
    while (true) {
      auto batch = (*reader)->Next();
      if (!batch.ok()) {
        return batch.status();
      }
      if (!batch->has_value()) {
        break;
      }
      EXPECT_LE((*batch)->rows, options.limits.rows);
      json += (*batch)->body;
    }
    EXPECT_TRUE(first.empty() || first == json) << "depends on how the file is read";
    first = json;
  }
  return first;
}

TEST(CsvReaderTest, MakesAnObjectOfEachRecord) {
  EXPECT_EQ(Convert(std::string(kHeader) + "c1,p1,9.99,2026-01-02 03:04:05,Tea\n").value(),
            R"({"customer_id":"c1","purchase_id":"p1","purchase_amount":"9.99",)"
            R"("purchase_date":"2026-01-02 03:04:05","product_name":"Tea"})"
            "\n");
}

TEST(CsvReaderTest, ReadsQuotedFields) {
  EXPECT_EQ(
      Convert(std::string(kHeader) + "c1,p1,1,2,\"27\"\" \\ one,\ntwo\"\r\nc2,p2,3,4,\n").value(),
      R"({"customer_id":"c1","purchase_id":"p1","purchase_amount":"1","purchase_date":2,)"
      R"("product_name":"27\" \\ one,\u000atwo"})"
      "\n"
      R"({"customer_id":"c2","purchase_id":"p2","purchase_amount":"3","purchase_date":4})"
      "\n");
}

TEST(CsvReaderTest, LeavesFlagsBareAndOtherTextsQuoted) {
  EXPECT_EQ(Convert("customer_id,active\nc1,1\nc2,false\nc3,yes\n", {}, "customers").value(),
            "{\"customer_id\":\"c1\",\"active\":1}\n{\"customer_id\":\"c2\",\"active\":false}\n"
            "{\"customer_id\":\"c3\",\"active\":\"yes\"}\n");
}

TEST(CsvReaderTest, SendsRecordsOfAnotherLengthAsText) {
  EXPECT_EQ(Convert("customer_id,name\nc1\nc2,\"a\",b\n", {}, "customers").value(),
            "\"c1\"\n\"c2,\\\"a\\\",b\"\n");
}

TEST(CsvReaderTest, SkipsBlankLinesAndTakesALastLineWithoutNewline) {
  EXPECT_EQ(Convert("customer_id\n\nc1\n\r\nc2", {}, "customers").value(),
            "{\"customer_id\":\"c1\"}\n{\"customer_id\":\"c2\"}\n");
}

TEST(CsvReaderTest, TakesAnotherDelimiterAndAByteOrderMark) {
  EXPECT_EQ(Convert("\xef\xbb\xbf"
                    "Customer_ID;name\nc1;A, B\n",
                    {.delimiter = ';', .limits = {}}, "customers")
                .value(),
            "{\"customer_id\":\"c1\",\"name\":\"A, B\"}\n");
}

TEST(CsvReaderTest, KeepsTheLimits) {
  std::string csv = "customer_id\n";
  std::string json;
  for (int i = 0; i < 50; ++i) {
    absl::StrAppend(&csv, "c", i, "\n");
    absl::StrAppend(&json, "{\"customer_id\":\"c", i, "\"}\n");
  }
  for (const size_t bytes : {1, 100, 10'000}) {
    EXPECT_EQ(Convert(csv, {.limits = {.rows = 7, .bytes = bytes}}, "customers").value(), json);
  }
}

TEST(CsvReaderTest, NamesUnknownColumns) {
  auto reader = NewCsvReader(std::make_unique<TextSource>("customer_id,shoe_size\nc1,44\n"),
                             *FindDataSource("customers"), {});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->ignored_columns(), std::vector<std::string>{"shoe_size"});
  EXPECT_EQ((*reader)->Next()->value().body, "{\"customer_id\":\"c1\"}\n");
}

TEST(CsvReaderTest, RefusesAHeaderWithoutARequiredColumn) {
  const absl::Status status = Convert("customer_id,purchase_amount,purchase_date\n").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(status.message().find("purchase_id"), absl::string_view::npos);
}

TEST(CsvReaderTest, RefusesAHeaderThatNamesAColumnTwice) {
  EXPECT_TRUE(
      absl::IsInvalidArgument(Convert("customer_id,name,name\n", {}, "customers").status()));
}

TEST(CsvReaderTest, RefusesAQuoteThatIsNeverClosed) {
  EXPECT_TRUE(
      absl::IsInvalidArgument(Convert("customer_id\nc1\n\"c2\nc3\n", {}, "customers").status()));
}

TEST(CsvReaderTest, RefusesAnEmptyFile) {
  EXPECT_TRUE(absl::IsInvalidArgument(Convert("").status()));
}

}  // namespace
}  // namespace clv::cli
