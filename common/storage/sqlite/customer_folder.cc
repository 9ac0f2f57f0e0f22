#include "common/storage/sqlite/customer_folder.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/storage/projected_customer_codec.h"

namespace clv::storage {

absl::Status CustomerFolder::Fold(std::string_view customer_id, size_t index,
                                  FoldTransaction::FoldOne fold, const Options& options,
                                  TextArena* ids, FoldedCustomer* folded) {
  CustomerInFold& customer = folded->customer;
  customer.customer_id = customer_id;
  customer.imported = nullptr;
  folded->imported.reset();
  stored_.purchases.swap(customer.purchases);  // its room comes back
  CLV_RETURN_IF_ERROR(reads_.FindStored(customer_id, ids, &stored_));
  customer.purchases.swap(stored_.purchases);
  std::swap(folded->page, stored_.page);
  customer.value = std::move(stored_.value);
  folded->page_id = stored_.page_id;
  if (customer.value && customer.value->imported) {
    CLV_ASSIGN_OR_RETURN(folded->imported, reads_.FindImport(customer_id));
    if (folded->imported) customer.imported = &*folded->imported;
  }
  folded->value_before = customer.value;
  folded->changes.clear();
  CLV_ASSIGN_OR_RETURN(folded->changes_value, fold(index, customer, folded->changes));
  folded->packed_facts.clear();
  return folded->changes_value && options.wants_facts
             ? PackFacts(options.reporting_currency, folded)
             : absl::OkStatus();
}

absl::Status CustomerFolder::PackFacts(TextId reporting_currency, FoldedCustomer* folded) {
  const std::vector<PurchaseFact>& rows = folded->customer.purchases;
  const FactOrders& orders = folded->customer.orders;
  CustomerInStore facts{.value = *folded->customer.value,
                        .imported = folded->imported,
                        .purchases = {.rows = rows,
                                      .orders = &orders,
                                      .reporting_currency = reporting_currency,
                                      .products = {}}};
  CLV_ASSIGN_OR_RETURN(facts.purchases.products,
                       products_.Count(rows, orders, reporting_currency, {}));
  ProjectCustomer(std::move(facts), &projected_);
  PackCustomer(projected_, &bytes_);
  folded->packed_facts = bytes_.Take();
  return absl::OkStatus();
}

}  // namespace clv::storage
