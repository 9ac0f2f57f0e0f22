#include "common/storage/sqlite/customer_folder.h"

#include <algorithm>
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

bool CustomerFolder::ChangesOrdersAlone(const FoldedCustomer& folded, TextId reporting_currency) {
  const CustomerInFold& customer = folded.customer;
  if (!folded.value_before || customer.value->imported) return false;
  const std::vector<PurchaseFact>& rows = customer.purchases;
  // An order of its own whose place among the others its date tells.
  const auto is_plain = [&](const PurchaseFact& order) {
    const uint32_t instant = ToInstant(order.date);
    return order.order_id.empty() && order.currency == reporting_currency &&
           std::none_of(rows.begin(), rows.end(), [&](const PurchaseFact& row) {
             return ToInstant(row.date) == instant && row.purchase_id != order.purchase_id;
           });
  };
  return std::all_of(
      folded.changes.begin(), folded.changes.end(), [&](const PurchaseChange& change) {
        if (!is_plain(change.after) || (change.before && !is_plain(*change.before))) return false;
        const auto row = std::lower_bound(
            rows.begin(), rows.end(), change.after.purchase_id,
            [](const PurchaseFact& fact, std::string_view id) { return fact.purchase_id < id; });
        return customer.orders.IsAlone(static_cast<size_t>(row - rows.begin()));
      });
}

absl::Status CustomerFolder::PackOrdersChange(TextId reporting_currency, FoldedCustomer* folded) {
  const CustomerInFold& customer = folded->customer;
  change_.value = *customer.value;
  change_.added.clear();
  change_.removed.clear();
  for (const PurchaseChange& change : folded->changes) {
    change_.added.push_back(OrderOfRow(change.after));
    if (change.before) change_.removed.push_back(OrderOfRow(*change.before));
  }
  CLV_ASSIGN_OR_RETURN(
      const ProductFigures products,
      products_.Count(customer.purchases, customer.orders, reporting_currency, {}));
  change_.distinct_products = products.distinct_products;
  change_.favorite_category = products.favorite_category;
  PackChange(change_, &bytes_);
  folded->packed_facts = bytes_.Take();
  return absl::OkStatus();
}

absl::Status CustomerFolder::PackFacts(TextId reporting_currency, FoldedCustomer* folded) {
  const std::vector<PurchaseFact>& rows = folded->customer.purchases;
  const FactOrders& orders = folded->customer.orders;
  if (ChangesOrdersAlone(*folded, reporting_currency)) {
    return PackOrdersChange(reporting_currency, folded);
  }
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
