#include "services/ingest/condition_traces.h"

#include <string_view>
#include <variant>

namespace clv::ingest {
namespace {

using domain::DataSource;
using domain::RowCondition;
using Kind = RowCondition::Kind;

// Texts of rows have no control characters.
constexpr char kNoRowsText[] = "\x01";
// The last of all texts: U+10FFFF.
constexpr char kLastText[] = "\xF4\x8F\xBF\xBF";

bool ComparesByOrder(Kind kind) { return kind == Kind::kLess || kind == Kind::kLessOrEqual; }

template <typename Command>
auto* DeletionOf(Command* command) {
  auto* deletion = std::get_if<wire::RowDeletion>(command);
  if (auto* commit = std::get_if<wire::LoadCommit>(command)) deletion = &commit->replaces;
  return deletion;
}

}  // namespace

bool ConditionTraces::IsTrace(DataSource data_source, const RowCondition& condition) const {
  if (condition.kind != Kind::kEqual && !ComparesByOrder(condition.kind)) return false;
  const domain::Column& column = domain::ColumnsOf(data_source)[condition.place];
  return domain::IsTextColumn(column.type) && traces_.HeldIn(condition.text);
}

bool ConditionTraces::Note(const wire::LogCommand& command) {
  const auto* deletion = DeletionOf(&command);
  return deletion != nullptr && deletion->condition &&
         NoteCondition(deletion->data_source, *deletion->condition);
}

bool ConditionTraces::NoteCondition(DataSource data_source, const RowCondition& condition) {
  bool is_named = IsTrace(data_source, condition);
  if (is_named && ComparesByOrder(condition.kind)) {
    next_[{data_source, condition.place, condition.text}];
  }
  for (const RowCondition& operand : condition.operands) {
    is_named = NoteCondition(data_source, operand) || is_named;
  }
  return is_named;
}

template <typename Row>
void ConditionTraces::MeetRow(DataSource data_source, const Row& row) {
  for (auto& [literal, next] : next_) {
    const auto& [source, place, text] = literal;
    if (source != data_source) continue;
    const std::string_view value = domain::TextAt(row, place);
    if (value > text && (next.empty() || value < next)) next = value;
  }
}

void ConditionTraces::Meet(const wire::LogRows& rows) {
  for (const auto& row : rows.customers) MeetRow(DataSource::kCustomers, row);
  for (const auto& row : rows.purchases) MeetRow(DataSource::kPurchases, row);
  for (const auto& row : rows.customer_clvs) MeetRow(DataSource::kCustomerClv, row);
}

void ConditionTraces::Clean(wire::LogCommand* command) const {
  auto* deletion = DeletionOf(command);
  if (deletion != nullptr && deletion->condition) {
    CleanCondition(deletion->data_source, &*deletion->condition);
  }
}

void ConditionTraces::CleanCondition(DataSource data_source, RowCondition* condition) const {
  for (RowCondition& operand : condition->operands) CleanCondition(data_source, &operand);
  if (!IsTrace(data_source, *condition)) return;
  if (!ComparesByOrder(condition->kind)) {
    condition->text = kNoRowsText;
    return;
  }
  const auto found = next_.find({data_source, condition->place, condition->text});
  const bool has_next = found != next_.end() && !found->second.empty();
  condition->kind = Kind::kLess;
  condition->text = has_next ? found->second : kLastText;
}

}  // namespace clv::ingest
