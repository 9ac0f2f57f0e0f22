// common/storage/sqlite/stored_currency.h: the reporting currency as `clv.db` has it.
#ifndef CLV_COMMON_STORAGE_SQLITE_STORED_CURRENCY_H_
#define CLV_COMMON_STORAGE_SQLITE_STORED_CURRENCY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/storage/purchase_fact.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

struct StoredCurrency {
  std::string code;  // empty: none yet
  TextId text = 0;   // its number where a purchase has it
};

// Reads it anew for each state: a text that went and came back has another number.
class StoredCurrencyReader {
 public:
  StoredCurrencyReader() = default;  // to be assigned
  static absl::StatusOr<StoredCurrencyReader> Prepare(Database& db);

  absl::StatusOr<StoredCurrency> Read();

 private:
  Statement statement_;
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_STORED_CURRENCY_H_
