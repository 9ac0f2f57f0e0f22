#include "common/domain/data_sources.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace clv::domain {
namespace {

TEST(DataSourcesTest, FindsEveryDataSourceByItsName) {
  for (const DataSource data_source : kDataSources) {
    EXPECT_EQ(DataSourceOfName(DataSourceName(data_source)), data_source);
  }
  EXPECT_EQ(DataSourceOfName("customer_clv"), DataSource::kCustomerClv);
  EXPECT_FALSE(DataSourceOfName("Customers").has_value());
  EXPECT_FALSE(DataSourceOfName("").has_value());
}

TEST(DataSourcesTest, PlacesNameTheirColumns) {
  const auto name = [](DataSource data_source, auto place) {
    return ColumnsOf(data_source)[static_cast<size_t>(place)].name;
  };
  EXPECT_EQ(name(DataSource::kCustomers, CustomerColumn::kCustomerId), "customer_id");
  EXPECT_EQ(name(DataSource::kCustomers, CustomerColumn::kActive), "active");
  EXPECT_EQ(name(DataSource::kCustomers, CustomerColumn::kCreatedAt), "created_at");
  EXPECT_EQ(name(DataSource::kPurchases, PurchaseColumn::kPurchaseAmount), "purchase_amount");
  EXPECT_EQ(name(DataSource::kPurchases, PurchaseColumn::kCurrency), "currency");
  EXPECT_EQ(name(DataSource::kPurchases, PurchaseColumn::kOrderId), "order_id");
  EXPECT_EQ(name(DataSource::kCustomerClv, ImportedClvColumn::kLastPurchaseDate),
            "last_purchase_date");
  EXPECT_EQ(name(DataSource::kCustomerClv, ImportedClvColumn::kUpdatedAt), "updated_at");
}

TEST(DataSourcesTest, ColumnNamesAreUnique) {
  for (const DataSource data_source : kDataSources) {
    std::set<std::string_view> names;
    for (const Column& column : ColumnsOf(data_source)) names.insert(column.name);
    EXPECT_EQ(names.size(), ColumnsOf(data_source).size());
  }
}

}  // namespace
}  // namespace clv::domain
