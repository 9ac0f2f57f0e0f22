#include "common/storage/sqlite/purchase_texts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace clv::storage {
namespace {

constexpr size_t kMostRemembered = 200'000;

}  // namespace

absl::StatusOr<std::unique_ptr<PurchaseTexts>> PurchaseTexts::Prepare(Database& db) {
  std::unique_ptr<PurchaseTexts> texts(new PurchaseTexts(db));
  CLV_ASSIGN_OR_RETURN(texts->find_,
                       db.Prepare("SELECT text_id FROM purchase_texts WHERE text = ?"));
  CLV_ASSIGN_OR_RETURN(texts->text_,
                       db.Prepare("SELECT text FROM purchase_texts WHERE text_id = ?"));
  CLV_ASSIGN_OR_RETURN(texts->insert_,
                       db.Prepare("INSERT INTO purchase_texts (text, uses) VALUES (?, 0)"));
  CLV_ASSIGN_OR_RETURN(texts->count_,
                       db.Prepare("UPDATE purchase_texts SET uses = uses + ?2 WHERE text_id = ?1"));
  CLV_ASSIGN_OR_RETURN(texts->remove_,
                       db.Prepare("DELETE FROM purchase_texts WHERE text_id = ? AND uses = 0"));
  return texts;
}

void PurchaseTexts::Know(TextId id, std::string_view text) {
  const auto [known, is_new] = texts_.emplace(id, text);
  if (is_new) ids_[known->second] = id;
}

absl::StatusOr<std::string_view> PurchaseTexts::TextOf(TextId id) {
  if (id == 0) return std::string_view();
  if (const auto known = texts_.find(id); known != texts_.end()) return known->second;
  text_.Bind(1, int64_t{id});
  CLV_ASSIGN_OR_RETURN(const bool has_row, text_.Step());
  if (has_row) Know(id, text_.Text(0));
  text_.Reset();
  if (!has_row) return absl::DataLossError(absl::StrCat("purchase_texts: no text ", id));
  return texts_.at(id);
}

absl::StatusOr<TextId> PurchaseTexts::Find(std::string_view text) {
  if (text.empty()) return TextId{0};
  if (const auto known = ids_.find(absl::string_view(text.data(), text.size()));
      known != ids_.end())
    return known->second;
  find_.Bind(1, text);
  CLV_ASSIGN_OR_RETURN(const bool has_row, find_.Step());
  const auto id = static_cast<TextId>(has_row ? find_.Int(0) : 0);
  find_.Reset();
  if (has_row) Know(id, text);
  return id;
}

absl::StatusOr<TextId> PurchaseTexts::Intern(std::string_view text) {
  if (text.empty()) return TextId{0};
  CLV_ASSIGN_OR_RETURN(TextId id, Find(text));
  if (id != 0) return id;
  insert_.Bind(1, text);
  CLV_RETURN_IF_ERROR(insert_.Run());
  id = static_cast<TextId>(db_.last_insert_rowid());
  Know(id, text);
  uses_.try_emplace(id, 0);
  given_.push_back(id);
  return id;
}

void PurchaseTexts::LearnGiven(const PurchaseTexts& writer) {
  for (const TextId id : writer.given_) Know(id, writer.texts_.at(id));
}

void PurchaseTexts::Count(const PurchaseFact& fact, int64_t more) {
  for (const TextId id : {fact.currency, fact.product_id, fact.product_name, fact.product_category,
                          fact.payment_method}) {
    if (id != 0) uses_[id] += more;
  }
}

absl::Status PurchaseTexts::Flush() {
  std::vector<std::pair<TextId, int64_t>> changed(uses_.begin(), uses_.end());
  std::sort(changed.begin(), changed.end());
  for (const auto& [id, more] : changed) {
    count_.Bind(1, int64_t{id});
    count_.Bind(2, more);
    if (more != 0) CLV_RETURN_IF_ERROR(count_.Run());
    if (more > 0) continue;
    remove_.Bind(1, int64_t{id});
    CLV_RETURN_IF_ERROR(remove_.Run());
    const auto known = texts_.find(id);
    if (db_.changes() == 0 || known == texts_.end()) continue;
    ids_.erase(known->second);
    texts_.erase(known);
  }
  uses_.clear();
  given_.clear();
  if (texts_.size() > kMostRemembered) Forget();
  return absl::OkStatus();
}

void PurchaseTexts::Forget() {
  ids_.clear();
  texts_.clear();
  uses_.clear();
  given_.clear();
}

}  // namespace clv::storage
