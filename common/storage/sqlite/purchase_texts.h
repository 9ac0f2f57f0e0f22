// common/storage/sqlite/purchase_texts.h: the texts that purchases share, each kept once.
#ifndef CLV_COMMON_STORAGE_SQLITE_PURCHASE_TEXTS_H_
#define CLV_COMMON_STORAGE_SQLITE_PURCHASE_TEXTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/purchase_fact.h"
#include "common/storage/sqlite/db.h"

namespace clv::storage {

// The table `purchase_texts` on one connection. A text goes when its last use does, and its number
// is never given again, so that what was read once stays true. Thread-compatible.
class PurchaseTexts {
 public:
  // The connection must outlive the texts.
  static absl::StatusOr<std::unique_ptr<PurchaseTexts>> Prepare(Database& db);

  // The text of a number; "" for 0. The view is valid until Flush or Forget. DATA_LOSS when there
  // is none.
  absl::StatusOr<std::string_view> TextOf(TextId id);

  // The number of a text that somebody uses; 0 when nobody does, or it is empty.
  absl::StatusOr<TextId> Find(std::string_view text);

  // In a writing transaction: the number of a text, given now if it has none; without a use it is
  // gone again after Flush.
  absl::StatusOr<TextId> Intern(std::string_view text);

  // Those of another connection whose transaction has not ended are known here, too.
  void LearnGiven(const PurchaseTexts& writer);

  // In a writing transaction: counts one more use of every text of a purchase, or one less.
  void Use(const PurchaseFact& fact) { Count(fact, 1); }
  void Release(const PurchaseFact& fact) { Count(fact, -1); }

  // Writes the counts, and removes texts without a use. Before the transaction's end.
  absl::Status Flush();

  // What was read and counted since the last Flush may not be true: the transaction was rolled
  // back.
  void Forget();

 private:
  explicit PurchaseTexts(Database& db) : db_(db) {}
  void Know(TextId id, std::string_view text);
  void Count(const PurchaseFact& fact, int64_t more);

  Database& db_;
  Statement find_, text_, insert_, count_, remove_;
  std::unordered_map<TextId, std::string> texts_;
  absl::flat_hash_map<absl::string_view, TextId> ids_;  // into texts_
  std::vector<TextId> given_;                           // by Intern, since Flush or Forget
  absl::flat_hash_map<TextId, int64_t> uses_;           // more or fewer than are written
};

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_SQLITE_PURCHASE_TEXTS_H_
