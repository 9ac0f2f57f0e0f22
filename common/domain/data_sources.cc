#include "common/domain/data_sources.h"

namespace clv::domain {
namespace {

constexpr std::array<Column, 9> kCustomerColumns = {{{"customer_id", ColumnType::kText, true},
                                                     {"name", ColumnType::kLongText},
                                                     {"email", ColumnType::kLongText},
                                                     {"signup_date", ColumnType::kInstant},
                                                     {"country", ColumnType::kText},
                                                     {"customer_segment", ColumnType::kText},
                                                     {"acquisition_source", ColumnType::kText},
                                                     {"active", ColumnType::kFlag},
                                                     {"created_at", ColumnType::kInstant}}};

constexpr std::array<Column, 11> kPurchaseColumns = {
    {{"purchase_id", ColumnType::kText, true},
     {"customer_id", ColumnType::kText, true},
     {"purchase_amount", ColumnType::kAmount, true},
     {"purchase_date", ColumnType::kInstant, true},
     {"product_id", ColumnType::kText},
     {"product_name", ColumnType::kLongText},
     {"product_category", ColumnType::kText},
     {"payment_method", ColumnType::kText},
     {"currency", ColumnType::kCurrency},
     {"created_at", ColumnType::kInstant},
     {"order_id", ColumnType::kText}}};

constexpr std::array<Column, 9> kImportedClvColumns = {
    {{"customer_id", ColumnType::kText, true},
     {"total_spend", ColumnType::kImportedTotal, true},
     {"purchase_count", ColumnType::kCount, true},
     {"first_purchase_date", ColumnType::kInstant, true},
     {"last_purchase_date", ColumnType::kInstant, true},
     {"customer_segment", ColumnType::kText},
     {"country", ColumnType::kText},
     {"acquisition_source", ColumnType::kText},
     {"updated_at", ColumnType::kInstant, true}}};

static_assert(kPurchaseColumns.size() == kMaxColumns);

}  // namespace

std::string_view DataSourceName(DataSource data_source) {
  switch (data_source) {
    case DataSource::kCustomers:
      return "customers";
    case DataSource::kPurchases:
      return "purchases";
    case DataSource::kCustomerClv:
      return "customer_clv";
  }
  return "";
}

std::optional<DataSource> DataSourceOfName(std::string_view name) {
  for (const DataSource data_source : kDataSources) {
    if (DataSourceName(data_source) == name) return data_source;
  }
  return std::nullopt;
}

std::span<const Column> ColumnsOf(DataSource data_source) {
  switch (data_source) {
    case DataSource::kCustomers:
      return kCustomerColumns;
    case DataSource::kPurchases:
      return kPurchaseColumns;
    case DataSource::kCustomerClv:
      return kImportedClvColumns;
  }
  return {};
}

}  // namespace clv::domain
