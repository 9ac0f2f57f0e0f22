#include "tests/model/condition.h"

#include <map>
#include <utility>

#include "tests/model/instants.h"

namespace clv::model {
namespace {

// A value of a row: its text, or its number; neither where it is absent.
struct Value {
  std::optional<std::string> text;
  std::optional<BigInt> number;
};

Value Text(const std::optional<std::string>& text) { return {text, std::nullopt}; }
Value Number(const BigInt& number) { return {std::nullopt, number}; }
Value Instant(const std::optional<int64_t>& seconds) {
  if (!seconds.has_value()) return {};
  return Number(*seconds);
}

using Values = std::map<std::string, Value>;

Values ValuesOf(const CustomerRow& row) {
  return {{"customer_id", Text(row.customer_id)},
          {"name", Text(row.name)},
          {"email", Text(row.email)},
          {"signup_date", Instant(row.signup_date)},
          {"country", Text(row.country)},
          {"customer_segment", Text(row.customer_segment)},
          {"acquisition_source", Text(row.acquisition_source)},
          {"active", Number(row.active ? 1 : 0)},
          {"created_at", Instant(row.created_at)}};
}

Values ValuesOf(const PurchaseRow& row) {
  return {{"purchase_id", Text(row.purchase_id)},
          {"customer_id", Text(row.customer_id)},
          {"purchase_amount", Number(row.amount_micros)},
          {"purchase_date", Instant(row.purchase_date)},
          {"product_id", Text(row.product_id)},
          {"product_name", Text(row.product_name)},
          {"product_category", Text(row.product_category)},
          {"payment_method", Text(row.payment_method)},
          {"currency", Text(row.currency)},
          {"created_at", Instant(row.created_at)},
          {"order_id", Text(row.order_id)}};
}

Values ValuesOf(const ClvRow& row) {
  return {{"customer_id", Text(row.customer_id)},
          {"total_spend", Number(row.total_spend_micros)},
          {"purchase_count", Number(row.purchase_count)},
          {"first_purchase_date", Instant(row.first_purchase_date)},
          {"last_purchase_date", Instant(row.last_purchase_date)},
          {"customer_segment", Text(row.customer_segment)},
          {"country", Text(row.country)},
          {"acquisition_source", Text(row.acquisition_source)},
          {"updated_at", Instant(row.updated_at)}};
}

bool IsMoney(const std::string& column) {
  return column == "purchase_amount" || column == "total_spend";
}

BigInt NumberOfLiteral(const Condition& condition) {
  if (IsMoney(condition.column)) return *MicrosOfString(condition.text);
  if (const auto instant = ParseInstant(condition.text)) return instant->seconds;
  return BigInt(condition.text);
}

// -1, 0 or 1.
int Compare(const Condition& condition, const Value& value) {
  if (value.text.has_value()) {
    const int order = value.text->compare(condition.text);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  const BigInt literal = NumberOfLiteral(condition);
  return *value.number < literal ? -1 : *value.number > literal ? 1 : 0;
}

// Nothing: unknown.
std::optional<bool> Truth(const Condition& condition, const Values& values) {
  if (condition.word == "not") {
    const auto truth = Truth(condition.operands[0], values);
    if (!truth.has_value()) return std::nullopt;
    return !*truth;
  }
  if (condition.word == "and" || condition.word == "or") {
    const bool deciding = condition.word == "or";
    bool unknown = false;
    for (const Condition& operand : condition.operands) {
      const auto truth = Truth(operand, values);
      if (truth == deciding) return deciding;
      unknown = unknown || !truth.has_value();
    }
    if (unknown) return std::nullopt;
    return !deciding;
  }
  const Value& value = values.at(condition.column);
  const bool absent = !value.text.has_value() && !value.number.has_value();
  if (condition.word == "null") return absent;
  if (absent) return std::nullopt;
  const int order = Compare(condition, value);
  if (condition.word == "=") return order == 0;
  if (condition.word == "!=") return order != 0;
  if (condition.word == "<") return order < 0;
  if (condition.word == "<=") return order <= 0;
  if (condition.word == ">") return order > 0;
  return order >= 0;
}

std::string LiteralOf(const std::string& data_source, const Condition& condition) {
  for (const ColumnKind& column : ColumnKinds(data_source)) {
    if (column.name != condition.column) continue;
    if (column.kind != 't' && column.kind != 'i') return condition.text;
  }
  std::string quoted = "'";
  for (const char c : condition.text) {
    if (c == '\'' || c == '\\') quoted += c == '\'' ? '\'' : '\\';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace

const std::vector<ColumnKind>& ColumnKinds(const std::string& data_source) {
  static const auto* const kinds =
      new std::map<std::string, std::vector<ColumnKind>>{{"customers",
                                                          {{"customer_id", 't'},
                                                           {"name", 't'},
                                                           {"email", 't'},
                                                           {"signup_date", 'i'},
                                                           {"country", 't'},
                                                           {"customer_segment", 't'},
                                                           {"acquisition_source", 't'},
                                                           {"active", 'f'},
                                                           {"created_at", 'i'}}},
                                                         {"purchases",
                                                          {{"purchase_id", 't'},
                                                           {"customer_id", 't'},
                                                           {"purchase_amount", 'm'},
                                                           {"purchase_date", 'i'},
                                                           {"product_id", 't'},
                                                           {"product_category", 't'},
                                                           {"currency", 't'},
                                                           {"created_at", 'i'},
                                                           {"order_id", 't'}}},
                                                         {"customer_clv",
                                                          {{"customer_id", 't'},
                                                           {"total_spend", 'm'},
                                                           {"purchase_count", 'n'},
                                                           {"first_purchase_date", 'i'},
                                                           {"last_purchase_date", 'i'},
                                                           {"country", 't'},
                                                           {"updated_at", 'i'}}}};
  return kinds->at(data_source);
}

std::string TextOf(const std::string& data_source, const Condition& condition) {
  if (condition.word == "not") return "not (" + TextOf(data_source, condition.operands[0]) + ")";
  if (condition.word == "and" || condition.word == "or") {
    std::string text;
    for (const Condition& operand : condition.operands) {
      if (!text.empty()) text += " " + condition.word + " ";
      text += "(" + TextOf(data_source, operand) + ")";
    }
    return text;
  }
  if (condition.word == "null") return condition.column + " is null";
  return condition.column + " " + condition.word + " " + LiteralOf(data_source, condition);
}

bool IsMetBy(const Condition& condition, const CustomerRow& row) {
  return Truth(condition, ValuesOf(row)) == true;
}
bool IsMetBy(const Condition& condition, const PurchaseRow& row) {
  return Truth(condition, ValuesOf(row)) == true;
}
bool IsMetBy(const Condition& condition, const ClvRow& row) {
  return Truth(condition, ValuesOf(row)) == true;
}

}  // namespace clv::model
