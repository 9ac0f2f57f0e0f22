#include "services/ingest/person_traces.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace clv::ingest {
namespace {

using storage::DataSource;
using storage::QuarantinedColumn;
using storage::QuarantinedRow;

QuarantinedRow Raw(const std::string& raw, std::vector<QuarantinedColumn> columns = {}) {
  return {.data_source = DataSource::kPurchases, .columns = std::move(columns), .raw = raw};
}

// Whether traces of an id and one more text are found in a raw text.
bool Found(const std::string& id, const std::string& text, const QuarantinedRow& row) {
  PersonTraces traces(id);
  traces.AddText(text);
  return traces.HeldBy(row);
}

TEST(PersonTracesTest, AnIdIsFoundAsAWordOfItsOwn) {
  for (const char* raw : {"cust-12", "{\"x\":\"cust-12\"}", "for cust-12, please", "cust-12.",
                          "a;cust-12;b", "'cust-12'", "(cust-12)-", "cust-12 - cust-123"}) {
    EXPECT_TRUE(Found("cust-12", "", Raw(raw))) << raw;
  }
  for (const char* raw : {"", "cust-123", "xcust-12", "cust-12-a", "a.cust-12", "cust-12@x.com",
                          "cust_12", "CUST-12", "cust-12\xC3\xA9"}) {
    EXPECT_FALSE(Found("cust-12", "", Raw(raw))) << raw;
  }
}

TEST(PersonTracesTest, NamesAndEmailsAreFoundInEitherCase) {
  EXPECT_TRUE(Found("c", "Ann@Example.com", Raw("x ANN@EXAMPLE.COM")));
  EXPECT_TRUE(Found("c", "Ann Smith", Raw("mrs ann smith")));
  EXPECT_FALSE(Found("c", "ann@example.com", Raw("joann@example.com")));
  EXPECT_FALSE(Found("c", "ann@example.com", Raw("ann@example.com.au")));
  EXPECT_FALSE(Found("c", "Ann Smith", Raw("Joann Smith; Ann Smithson")));
}

TEST(PersonTracesTest, EscapesHideNothing) {
  EXPECT_TRUE(Found("cust-12", "", Raw(R"({"id":"cust\u002d12"})")));
  EXPECT_TRUE(Found("c", "Zo\xC3\xAB Smith", Raw(R"({"name":"Zo\u00eb Smith"})")));
  EXPECT_TRUE(Found("c", "\xF0\x9F\x98\x80 Smile", Raw(R"(x \ud83d\ude00 Smile)")));
  EXPECT_TRUE(Found("a/b/c", "", Raw(R"({"id":"a\/b\/c"})")));
  EXPECT_TRUE(Found("a\\b\"c", "", Raw(R"({"id":"a\\b\"c"})")));
  EXPECT_TRUE(Found("cust-12", "", Raw(R"(one\ncust-12\u00)")));
}

TEST(PersonTracesTest, ColumnsCount) {
  const QuarantinedRow row = Raw("cut off", {{"customer_id", "cust-12", "", ""}});
  EXPECT_TRUE(Found("cust-12", "", row));
  EXPECT_FALSE(Found("cust-13", "", row));
  EXPECT_FALSE(Found("cust-12", "", Raw("", {{"customer_id", std::nullopt, "", ""}})));
}

TEST(PersonTracesTest, ACommonTextMustBeAWholeValue) {
  const std::vector<QuarantinedColumn> columns = {{"customer_id", "7", "", ""},
                                                  {"purchase_amount", "9", "", ""},
                                                  {"product_name", "Bo Derek", "", ""}};
  const QuarantinedRow row =
      Raw(R"({"customer_id":7,"purchase_amount":9,"size":"XL","n":5,"who":"Bo Derek"})", columns);
  EXPECT_TRUE(Found("7", "", row));
  EXPECT_TRUE(Found("XL", "", row));
  EXPECT_TRUE(Found("none", "xl", row));
  EXPECT_FALSE(Found("9", "", row));
  EXPECT_FALSE(Found("5", "", row));
  EXPECT_FALSE(Found("none", "Bo", row));
  // Text that is no object has no values: any word may be one.
  EXPECT_TRUE(Found("5", "", Raw("a,5,b")));
  EXPECT_FALSE(Found("5", "", Raw("a,55,b")));
}

TEST(PersonTracesTest, AnEmptyTextIsNoTrace) {
  EXPECT_FALSE(Found("cust-12", "", Raw("a \"\" b")));
}

}  // namespace
}  // namespace clv::ingest
