// common/domain/data_sources.h: the data sources as clients see them: names, columns and what each
// column takes.
#ifndef CLV_COMMON_DOMAIN_DATA_SOURCES_H_
#define CLV_COMMON_DOMAIN_DATA_SOURCES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/domain/records.h"

namespace clv::domain {

// All data sources.
inline constexpr std::array<DataSource, 3> kDataSources = {
    DataSource::kCustomers, DataSource::kPurchases, DataSource::kCustomerClv};

// What a column takes.
enum class ColumnType : uint8_t {
  kText,           // at most 256 bytes
  kLongText,       // at most 1024 bytes
  kInstant,        // 1970-01-01 to one day ahead
  kAmount,         // money, at most 10^9 units
  kImportedTotal,  // money, at most 10^12 units
  kCount,          // an integer >= 1
  kFlag,           // 0, 1, true, false
  kCurrency,       // three letters
};

// One column of a data source.
struct Column {
  std::string_view name;
  ColumnType type = ColumnType::kText;
  bool required = false;
};

// The largest number of columns of a data source.
inline constexpr size_t kMaxColumns = 11;

// The name in URLs, scopes and tables: `customers`, `purchases`, `customer_clv`.
std::string_view DataSourceName(DataSource data_source);

// The data source of that name; absent when there is none.
std::optional<DataSource> DataSourceOfName(std::string_view name);

// The columns in the order in which they are listed everywhere.
std::span<const Column> ColumnsOf(DataSource data_source);

// Places of the columns in ColumnsOf(DataSource::kCustomers).
enum class CustomerColumn : size_t {
  kCustomerId,
  kName,
  kEmail,
  kSignupDate,
  kCountry,
  kCustomerSegment,
  kAcquisitionSource,
  kActive,
  kCreatedAt
};

// Places of the columns in ColumnsOf(DataSource::kPurchases).
enum class PurchaseColumn : size_t {
  kPurchaseId,
  kCustomerId,
  kPurchaseAmount,
  kPurchaseDate,
  kProductId,
  kProductName,
  kProductCategory,
  kPaymentMethod,
  kCurrency,
  kCreatedAt,
  kOrderId
};

// Places of the columns in ColumnsOf(DataSource::kCustomerClv).
enum class ImportedClvColumn : size_t {
  kCustomerId,
  kTotalSpend,
  kPurchaseCount,
  kFirstPurchaseDate,
  kLastPurchaseDate,
  kCustomerSegment,
  kCountry,
  kAcquisitionSource,
  kUpdatedAt
};

}  // namespace clv::domain

#endif  // CLV_COMMON_DOMAIN_DATA_SOURCES_H_
