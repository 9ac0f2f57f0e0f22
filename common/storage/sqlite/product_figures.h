// common/storage/sqlite/product_figures.h: what the products of a customer's purchases say.
#ifndef CLV_COMMON_STORAGE_SQLITE_PRODUCT_FIGURES_H_
#define CLV_COMMON_STORAGE_SQLITE_PRODUCT_FIGURES_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
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

  // Of one customer's rows. `reporting_currency`: its number; rows of others do not count.
  absl::StatusOr<ProductFigures> Count(absl::Span<const PurchaseFact> rows,
                                       TextId reporting_currency, const ProductScope& scope);

 private:
  // Rows that count, into kept_.
  void KeepAll(absl::Span<const PurchaseFact> rows, TextId currency);
  void KeepQualifying(absl::Span<const PurchaseFact> rows, TextId currency,
                      const ProductScope& scope);

  PurchaseTexts& texts_;
  std::vector<const PurchaseFact*> kept_;
  std::vector<const PurchaseFact*> visible_;
  std::vector<TextId> products_;
  std::vector<std::pair<TextId, int64_t>> categories_;  // with the sum in micros
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PRODUCT_FIGURES_H_
