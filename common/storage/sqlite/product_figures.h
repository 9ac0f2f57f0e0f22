// common/storage/sqlite/product_figures.h: what the products of a customer's purchases say.
#ifndef CLV_COMMON_STORAGE_SQLITE_PRODUCT_FIGURES_H_
#define CLV_COMMON_STORAGE_SQLITE_PRODUCT_FIGURES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
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
  absl::StatusOr<std::string_view> FavoriteCategory();

  struct Category {
    TextId id = 0;
    int64_t micros = 0;
  };
  // Numbers the different texts of one customer after another, from 0: a hash table without
  // removals.
  class Table {
   public:
    // For the next customer, who has so many texts at most.
    void Begin(size_t most);
    // The number of a text, and whether it has just got it.
    std::pair<uint32_t, bool> Number(TextId id);
    // Of the numbers.
    uint32_t size() const { return size_; }

   private:
    // Taken where it has the present customer's number.
    struct Slot {
      TextId id = 0;
      uint32_t customer = 0;
      uint32_t number = 0;
    };

    std::vector<Slot> slots_;  // a power of two, twice the texts at least
    uint32_t customer_ = 0;
    uint32_t size_ = 0;
  };

  PurchaseTexts& texts_;
  Table products_;
  Table numbers_;                     // of categories
  std::vector<Category> categories_;  // by number
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PRODUCT_FIGURES_H_
