#include "common/wire/condition_codec.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "common/base/status_macros.h"
#include "common/domain/data_sources.h"

namespace clv::wire {
namespace {

using Kind = domain::RowCondition::Kind;
using Proto = log::v1::Condition;

Proto::Kind ToProto(Kind kind) {
  switch (kind) {
    case Kind::kAnd:
      return Proto::KIND_AND;
    case Kind::kOr:
      return Proto::KIND_OR;
    case Kind::kNot:
      return Proto::KIND_NOT;
    case Kind::kIsNull:
      return Proto::KIND_IS_NULL;
    case Kind::kEqual:
      return Proto::KIND_EQUAL;
    case Kind::kLess:
      return Proto::KIND_LESS;
    case Kind::kLessOrEqual:
      return Proto::KIND_LESS_OR_EQUAL;
  }
  return Proto::KIND_UNSPECIFIED;
}

std::optional<Kind> FromProto(Proto::Kind kind) {
  switch (kind) {
    case Proto::KIND_AND:
      return Kind::kAnd;
    case Proto::KIND_OR:
      return Kind::kOr;
    case Proto::KIND_NOT:
      return Kind::kNot;
    case Proto::KIND_IS_NULL:
      return Kind::kIsNull;
    case Proto::KIND_EQUAL:
      return Kind::kEqual;
    case Proto::KIND_LESS:
      return Kind::kLess;
    case Proto::KIND_LESS_OR_EQUAL:
      return Kind::kLessOrEqual;
    default:
      return std::nullopt;
  }
}

bool IsJoin(Kind kind) { return kind == Kind::kAnd || kind == Kind::kOr || kind == Kind::kNot; }

}  // namespace

void SetCondition(domain::DataSource data_source, const domain::RowCondition& condition,
                  Proto& proto) {
  proto.set_kind(ToProto(condition.kind));
  for (const domain::RowCondition& operand : condition.operands) {
    SetCondition(data_source, operand, *proto.add_operands());
  }
  if (IsJoin(condition.kind)) return;
  proto.set_column(std::string(domain::ColumnsOf(data_source)[condition.place].name));
  proto.set_text(condition.text);
  proto.set_number(condition.number);
}

absl::StatusOr<domain::RowCondition> ConditionFrom(domain::DataSource data_source,
                                                   const Proto& proto) {
  const absl::Status damaged = absl::DataLossError("log record: a condition is damaged");
  const std::optional<Kind> kind = FromProto(proto.kind());
  if (!kind) return damaged;
  domain::RowCondition condition{.kind = *kind, .text = proto.text(), .number = proto.number()};
  if (IsJoin(*kind)) {
    // Without operands it would be met by every row, or by none.
    if (proto.operands_size() == 0) return damaged;
    if (*kind == Kind::kNot && proto.operands_size() != 1) return damaged;
    for (const Proto& operand : proto.operands()) {
      CLV_ASSIGN_OR_RETURN(domain::RowCondition read, ConditionFrom(data_source, operand));
      condition.operands.push_back(std::move(read));
    }
    return condition;
  }
  for (const domain::Column& column : domain::ColumnsOf(data_source)) {
    if (column.name == proto.column()) return condition;
    ++condition.place;
  }
  return damaged;
}

}  // namespace clv::wire
