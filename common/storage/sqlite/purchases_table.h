// common/storage/sqlite/purchases_table.h: the virtual table `purchases` over the packed pages.
#ifndef CLV_COMMON_STORAGE_SQLITE_PURCHASES_TABLE_H_
#define CLV_COMMON_STORAGE_SQLITE_PURCHASES_TABLE_H_

#include "absl/status/status.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

// Makes `purchases` readable on a connection to clv.db, and with it the view `orders`: a row for
// each winning purchase with the columns customer_id, purchase_id, order_id,
// purchase_amount_micros, purchase_date, currency, product_id, product_name, product_category,
// payment_method, created_at. Fast by customer_id and by purchase_id; scanned in the order of
// customer_id and purchase_id. It cannot be written.
absl::Status AddPurchasesTable(Database& db);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PURCHASES_TABLE_H_
