#include "tools/cli/data_source.h"

#include "gtest/gtest.h"

namespace clv::cli {
namespace {

std::string_view NameFor(std::string_view path) {
  const DataSource* const source = DataSourceOfFile(path);
  return source == nullptr ? "" : source->name;
}

TEST(DataSourceTest, FollowsFromTheBeginOfTheFilesName) {
  EXPECT_EQ(NameFor("customers.ndjson"), "customers");
  EXPECT_EQ(NameFor("demo/Purchases-2026.CSV.gz"), "purchases");
  EXPECT_EQ(NameFor("/data/customer_clv.ndjson"), "customer_clv");
  EXPECT_EQ(NameFor("customer-clv_old.csv"), "customer_clv");
}

TEST(DataSourceTest, IgnoresTheDirectorysName) {
  EXPECT_EQ(NameFor("purchases/data.ndjson"), "");
  EXPECT_EQ(NameFor("purchases/customers.ndjson"), "customers");
}

TEST(DataSourceTest, IsUnknownForOtherNames) {
  EXPECT_EQ(NameFor("-"), "");
  EXPECT_EQ(NameFor("my_purchases.csv"), "");
  EXPECT_EQ(NameFor("customer.csv"), "");
}

TEST(DataSourceTest, IsFoundByItsExactName) {
  EXPECT_EQ(FindDataSource("customer_clv")->name, "customer_clv");
  EXPECT_EQ(FindDataSource("Customers"), nullptr);
}

TEST(FileFormatTest, FollowsFromTheEndOfTheFilesName) {
  EXPECT_EQ(FormatOfFile("purchases.csv"), FileFormat::kCsv);
  EXPECT_EQ(FormatOfFile("purchases.CSV.zst"), FileFormat::kCsv);
  EXPECT_EQ(FormatOfFile("purchases.csv.gz"), FileFormat::kCsv);
  EXPECT_EQ(FormatOfFile("purchases.ndjson.gz"), FileFormat::kNdjson);
  EXPECT_EQ(FormatOfFile("purchases"), FileFormat::kNdjson);
}

}  // namespace
}  // namespace clv::cli
