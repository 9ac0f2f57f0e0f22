#include "services/ingest/log_removal.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/domain/row_condition.h"
#include "common/domain/winner.h"

namespace clv::ingest {
namespace {

using domain::DataSource;
using domain::Purchase;

bool IsBefore(const RowEdit& a, const RowEdit& b) { return a.row < b.row; }

// Carries edits out on the one list of a record that has rows.
template <typename Row>
uint64_t ApplyTo(const std::vector<RowEdit>& edits, std::vector<Row>* rows) {
  uint64_t gone = 0;
  std::vector<bool> dropped(rows->size());
  for (const RowEdit& edit : edits) {
    if (edit.row >= rows->size()) continue;
    if (edit.kind == RowEdit::Kind::kDrop) dropped[edit.row] = true;
    if (edit.kind != RowEdit::Kind::kBlank) ++gone;
    if constexpr (std::is_same_v<Row, Purchase>) {
      Purchase& row = (*rows)[edit.row];
      if (edit.kind == RowEdit::Kind::kEndVersion) row = {.purchase_id = row.purchase_id};
      if (edit.kind == RowEdit::Kind::kBlank) {
        row.order_id = row.purchase_id;
        row.product_id = std::to_string(edit.mark);
        row.product_name.clear();
        row.product_category.clear();
        row.payment_method.clear();
      }
    }
  }
  size_t index = 0;
  std::erase_if(*rows, [&](const Row&) { return dropped[index++]; });
  return gone;
}

}  // namespace

void LogRemoval::Survey(const wire::LogRows& rows) {
  for (const domain::Customer& row : rows.customers) {
    if (row.customer_id != customer_id_) continue;
    ++rows_;
    for (const std::string* text : {&row.name, &row.email}) {
      if (!text->empty()) texts_.insert(*text);
    }
  }
  for (const Purchase& row : rows.purchases) {
    if (!IsOwn(row)) continue;
    ++rows_;
    versions_[row.purchase_id];
  }
  for (const domain::ImportedClv& row : rows.customer_clvs) {
    if (row.customer_id == customer_id_) ++rows_;
  }
}

void LogRemoval::Follow(storage::LogPosition position, const wire::LogRows& rows) {
  FollowCommand(position, rows.command);
  const auto drop_own = [&](const auto& list) {
    for (uint32_t i = 0; i < list.size(); ++i) {
      if (list[i].customer_id == customer_id_) EditOwn({position, i}, RowEdit::Kind::kDrop);
    }
  };
  drop_own(rows.customers);
  drop_own(rows.customer_clvs);
  for (uint32_t i = 0; i < rows.purchases.size(); ++i) {
    const Purchase& row = rows.purchases[i];
    if (!versions_.contains(row.purchase_id)) continue;
    if (rows.load_id.empty()) {
      Meet({position, i}, row);
    } else {
      staged_[rows.load_id].push_back({{position, i}, row});
    }
  }
}

void LogRemoval::FollowCommand(storage::LogPosition position, const wire::LogCommand& command) {
  if (const auto* deletion = std::get_if<wire::RowDeletion>(&command)) {
    Delete(*deletion);
  } else if (const auto* commit = std::get_if<wire::LoadCommit>(&command)) {
    Delete(commit->replaces);
    const auto staged = staged_.extract(commit->load_id);
    if (staged.empty()) return;
    for (Staged& row : staged.mapped()) Meet(row.place, std::move(row.row));
  } else if (const auto* erasure = std::get_if<wire::CustomerErasure>(&command)) {
    if (erasure->customer_id.empty()) return;
    if (erasure->customer_id == customer_id_) earlier_erasures_.push_back(position);
    for (auto& [purchase_id, versions] : versions_) {
      if (versions.winner && versions.winner->customer_id == erasure->customer_id) versions.Free();
    }
  }
}

void LogRemoval::Delete(const wire::RowDeletion& deletion) {
  if (deletion.data_source != DataSource::kPurchases) return;
  for (auto& [purchase_id, versions] : versions_) {
    if (!versions.winner) continue;
    if (!deletion.condition || domain::Meets(*versions.winner, *deletion.condition)) {
      versions.Free();
    } else if (!versions.won.empty()) {
      versions.won.back().judged = true;
    }
  }
}

void LogRemoval::Meet(const Place& place, Purchase row) {
  Versions& versions = versions_.at(row.purchase_id);
  if (row.customer_id.empty()) {
    versions.Free();
    return;
  }
  if (row.currency.empty()) row.currency = reporting_currency_;
  std::optional<Purchase>& winner = versions.winner;
  const bool winner_is_own = winner && IsOwn(*winner);
  if (!domain::Replaces(winner ? &*winner : nullptr, row)) {
    if (IsOwn(row)) {
      EditOwn(place, RowEdit::Kind::kDrop);
    } else if (winner_is_own) {
      EditOther(place, RowEdit::Kind::kDrop);
    } else {
      versions.lost.push_back(place);
    }
    return;
  }
  if (IsOwn(row)) {
    EditOwn(place, winner && !winner_is_own ? RowEdit::Kind::kEndVersion : RowEdit::Kind::kDrop);
    EndOthers(&versions);
  } else {
    versions.won.push_back({place});
  }
  winner = std::move(row);
}

void LogRemoval::EndOthers(Versions* versions) {
  for (const Won& won : versions->won) {
    if (!won.judged) EditOther(won.place, RowEdit::Kind::kBlank, ++versions->marks);
  }
  for (const Place& place : versions->lost) EditOther(place, RowEdit::Kind::kDrop);
  versions->won.clear();
  versions->lost.clear();
}

void LogRemoval::Finish() {
  // Loads that are not ended: the fold leaves their rows of the customer out.
  for (const auto& [load_id, rows] : staged_) {
    for (const Staged& staged : rows) {
      if (IsOwn(staged.row)) EditOwn(staged.place, RowEdit::Kind::kDrop);
    }
  }
  staged_.clear();
  for (auto& [position, edits] : own_) {
    std::sort(edits.begin(), edits.end(), IsBefore);
    const auto others = others_.find(position);
    if (others == others_.end()) continue;
    for (RowEdit& edit : edits) {
      edit.row -= static_cast<uint32_t>(
          std::count_if(others->second.begin(), others->second.end(), [&](const RowEdit& other) {
            return other.kind == RowEdit::Kind::kDrop && other.row < edit.row;
          }));
    }
  }
  for (auto& [position, edits] : others_) std::sort(edits.begin(), edits.end(), IsBefore);
}

uint64_t ApplyEdits(const std::vector<RowEdit>& edits, wire::LogRows* rows) {
  return ApplyTo(edits, &rows->customers) + ApplyTo(edits, &rows->purchases) +
         ApplyTo(edits, &rows->customer_clvs);
}

}  // namespace clv::ingest
