// common/storage/sqlite/product_figures.h: what the products of a customer's purchases say.
#ifndef CLV_COMMON_STORAGE_SQLITE_PRODUCT_FIGURES_H_
#define CLV_COMMON_STORAGE_SQLITE_PRODUCT_FIGURES_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/storage/fact_orders.h"
#include "common/storage/projection_source.h"
#include "common/storage/purchase_fact.h"
#include "common/storage/sqlite/purchase_texts.h"

namespace clv::storage {

// Counts distinct products and finds the category with the greatest summed amount (ties: the
// smaller text) of one customer after another. Thread-compatible; keeps its memory.
class ProductCounter {
 public:
  // `texts` outlives the counter, and what it tells stays valid as it says.
  explicit ProductCounter(PurchaseTexts& texts) : texts_(texts) {}

  // Of one customer's rows and their orders. `reporting_currency`: its number; rows of others do
  // not count.
  absl::StatusOr<ProductFigures> Count(absl::Span<const PurchaseFact> rows,
                                       const FactOrders& orders, TextId reporting_currency,
                                       const ProductScope& scope);

 private:
  // A row of a qualifying order.
  void Add(const PurchaseFact& row);
  // The rows of an order of several, if it qualifies.
  void AddOrder(absl::Span<const PurchaseFact* const> rows, TextId currency,
                const ProductScope& scope);
  bool IsNewProduct(TextId id);
  absl::StatusOr<std::string_view> FavoriteCategory();

  struct Category {
    TextId id = 0;
    int64_t micros = 0;
  };
  // Of a hash table without removals: taken where it has the present customer's number.
  struct ProductSlot {
    TextId id = 0;
    uint32_t customer = 0;
  };

  PurchaseTexts& texts_;
  std::vector<ProductSlot> products_;  // a power of two, twice the rows at least
  uint32_t customer_ = 0;
  uint64_t distinct_products_ = 0;
  std::vector<Category> categories_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PRODUCT_FIGURES_H_
