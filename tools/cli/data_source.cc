#include "tools/cli/data_source.h"

#include <algorithm>
#include <string>

namespace clv::cli {
namespace {

constexpr SourceColumn kCustomerColumns[] = {
    {"customer_id", ColumnKind::kText, true},
    {"name", ColumnKind::kText, false},
    {"email", ColumnKind::kText, false},
    {"signup_date", ColumnKind::kInstant, false},
    {"country", ColumnKind::kText, false},
    {"customer_segment", ColumnKind::kText, false},
    {"acquisition_source", ColumnKind::kText, false},
    {"active", ColumnKind::kFlag, false},
    {"created_at", ColumnKind::kInstant, false},
};

constexpr SourceColumn kPurchaseColumns[] = {
    {"purchase_id", ColumnKind::kText, true},       {"customer_id", ColumnKind::kText, true},
    {"purchase_amount", ColumnKind::kAmount, true}, {"purchase_date", ColumnKind::kInstant, true},
    {"product_id", ColumnKind::kText, false},       {"product_name", ColumnKind::kText, false},
    {"product_category", ColumnKind::kText, false}, {"payment_method", ColumnKind::kText, false},
    {"currency", ColumnKind::kText, false},         {"created_at", ColumnKind::kInstant, false},
    {"order_id", ColumnKind::kText, false},
};

constexpr SourceColumn kCustomerClvColumns[] = {
    {"customer_id", ColumnKind::kText, true},
    {"total_spend", ColumnKind::kAmount, true},
    {"purchase_count", ColumnKind::kAmount, true},
    {"first_purchase_date", ColumnKind::kInstant, true},
    {"last_purchase_date", ColumnKind::kInstant, true},
    {"customer_segment", ColumnKind::kText, false},
    {"country", ColumnKind::kText, false},
    {"acquisition_source", ColumnKind::kText, false},
    {"updated_at", ColumnKind::kInstant, true},
};

constexpr DataSource kDataSources[] = {
    {"customers", kCustomerColumns},
    {"purchases", kPurchaseColumns},
    {"customer_clv", kCustomerClvColumns},
};

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

}  // namespace

std::span<const DataSource> DataSources() { return kDataSources; }

const DataSource* FindDataSource(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kDataSources), std::end(kDataSources),
                   [name](const DataSource& source) { return source.name == name; });
  return found == std::end(kDataSources) ? nullptr : found;
}

const DataSource* DataSourceOfFile(std::string_view path) {
  std::string name = LowerCase(path.substr(path.rfind('/') + 1));
  std::replace(name.begin(), name.end(), '-', '_');
  for (const DataSource& source : kDataSources) {
    if (name.starts_with(source.name)) {
      return &source;
    }
  }
  return nullptr;
}

FileFormat FormatOfFile(std::string_view path) {
  const std::string name = LowerCase(path);
  std::string_view stem = name;
  for (const std::string_view suffix : {".gz", ".zst"}) {
    if (stem.ends_with(suffix)) {
      stem.remove_suffix(suffix.size());
    }
  }
  return stem.ends_with(".csv") ? FileFormat::kCsv : FileFormat::kNdjson;
}

}  // namespace clv::cli
