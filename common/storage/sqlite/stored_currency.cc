#include "common/storage/sqlite/stored_currency.h"

#include <utility>

#include "common/base/status_macros.h"

namespace clv::storage {

absl::StatusOr<StoredCurrencyReader> StoredCurrencyReader::Prepare(Database& db) {
  StoredCurrencyReader reader;
  CLV_ASSIGN_OR_RETURN(
      reader.statement_,
      db.Prepare("SELECT value, (SELECT text_id FROM purchase_texts WHERE text = value) "
                 "FROM settings WHERE key = 'reporting_currency'"));
  return reader;
}

absl::StatusOr<StoredCurrency> StoredCurrencyReader::Read() {
  StoredCurrency currency;
  CLV_ASSIGN_OR_RETURN(const bool has_row, statement_.Step());
  if (has_row) {
    currency = {std::string(statement_.Text(0)), static_cast<TextId>(statement_.Int(1))};
  }
  statement_.Reset();
  return currency;
}

}  // namespace clv::storage
