#include "tools/cli/data_sources.h"

#include "gtest/gtest.h"
#include "tests/tools/cli/fake_server.h"

namespace clv::cli {
namespace {

TEST(DataSourcesTest, ListsDataSourcesAndTheirQuarantines) {
  const auto document = JsonDocument::Parse(
      R"({"dataSources":[{"name":"customers","key":"customer_id","rowCount":"1234",
                          "quarantinedRows":"5","description":"Customers."},
                         {"name":"customers_quarantine","rowCount":"5","description":"Refused."}]})");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(RenderDataSources(document->root()),
            "name                   rows  quarantined  description\n"
            "--------------------  -----  -----------  -----------\n"
            "customers             1,234            5  Customers.\n"
            "customers_quarantine      5            -  Refused.\n");
}

TEST(DataSourcesTest, ListsTheColumnsOfOne) {
  const auto document = JsonDocument::Parse(
      R"json({"columns":[{"name":"customer_id","type":"String","description":"text"},
                     {"name":"name","type":"Nullable(String)","nullable":true}]
})json");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(RenderColumns(document->root()),
            "column       type              required  description\n"
            "-----------  ----------------  --------  -----------\n"
            "customer_id  String            yes       text\n"
            "name         Nullable(String)  no\n");
}

TEST(DataSourcesTest, AsksForAllOrForOne) {
  FakeServer fake([](const FakeServer::Request&) -> FakeServer::Answer { return {.body = "{}"}; });
  EXPECT_TRUE(RunDataSources(fake.server(), "").ok());
  EXPECT_TRUE(RunDataSources(fake.server(), "customers").ok());
  EXPECT_EQ(fake.requests()[0].target, "/v1/dataSources");
  EXPECT_EQ(fake.requests()[1].target, "/v1/dataSources/customers");
}

}  // namespace
}  // namespace clv::cli
