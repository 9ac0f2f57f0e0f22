#include "tests/model/table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/model/json_reader.h"

namespace clv::model {
namespace {

double AsDouble(const Cell& cell) {
  switch (cell.kind()) {
    case Cell::Kind::kInteger:
      return static_cast<double>(cell.integer());
    case Cell::Kind::kReal:
      return cell.real();
    default:
      return std::strtod(cell.text().c_str(), nullptr);
  }
}

std::string Row(const Table& table, size_t row) {
  std::string text;
  for (size_t i = 0; i < table.rows[row].size() && i < table.columns.size(); ++i) {
    text += (i == 0 ? "" : ", ") + table.columns[i] + "=" + table.rows[row][i].ToString();
  }
  return text;
}

std::string Join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
  return joined;
}

std::string Count(const std::optional<int64_t>& count) {
  return count.has_value() ? std::to_string(*count) : "absent";
}

std::string CompareRows(const Table& expected, const Table& actual) {
  for (size_t row = 0; row < std::min(expected.rows.size(), actual.rows.size()); ++row) {
    for (size_t column = 0; column < expected.columns.size(); ++column) {
      const Cell& want = expected.rows[row][column];
      const Cell& have = actual.rows[row][column];
      if (Agree(want, have)) continue;
      return "row " + std::to_string(row) + ", column " + expected.columns[column] + ": expected " +
             want.ToString() + ", got " + have.ToString() +
             "\n  expected row: " + Row(expected, row) + "\n  actual row:   " + Row(actual, row);
    }
  }
  if (expected.rows.size() == actual.rows.size()) return "";
  const bool missing = expected.rows.size() > actual.rows.size();
  const size_t first = std::min(expected.rows.size(), actual.rows.size());
  return "expected " + std::to_string(expected.rows.size()) + " rows, got " +
         std::to_string(actual.rows.size()) + (missing ? "; first missing: " : "; first extra: ") +
         Row(missing ? expected : actual, first);
}

Cell ServedCell(const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::kNumber:
      return Cell::Decimal(value.text);
    case JsonValue::Kind::kString:
      return Cell::Text(value.text);
    case JsonValue::Kind::kNull:
      return Cell();
    default:
      return Cell::Text("neither number, text nor null");
  }
}

std::string ReadServedRow(const JsonValue& object, Table& table) {
  if (object.members.size() != table.columns.size()) return "a row has other keys than meta";
  std::vector<Cell> row;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (object.members[i].first != table.columns[i]) {
      return "key " + object.members[i].first + " where meta has " + table.columns[i];
    }
    row.push_back(ServedCell(object.members[i].second));
  }
  table.rows.push_back(std::move(row));
  return "";
}

int64_t IntegerOf(const JsonValue& value) { return std::strtoll(value.text.c_str(), nullptr, 10); }

}  // namespace

Cell Cell::Integer(int64_t value) {
  Cell cell;
  cell.kind_ = Kind::kInteger;
  cell.integer_ = value;
  return cell;
}

Cell Cell::Real(double value) {
  Cell cell;
  cell.kind_ = Kind::kReal;
  cell.real_ = value;
  return cell;
}

Cell Cell::Decimal(std::string text) {
  Cell cell;
  cell.kind_ = Kind::kDecimal;
  cell.text_ = std::move(text);
  return cell;
}

Cell Cell::Text(std::string text) {
  Cell cell;
  cell.kind_ = Kind::kText;
  cell.text_ = std::move(text);
  return cell;
}

std::string Cell::ToString() const {
  switch (kind_) {
    case Kind::kNull:
      return "null";
    case Kind::kInteger:
      return std::to_string(integer_);
    case Kind::kReal: {
      char text[40];
      std::snprintf(text, sizeof text, "%.17g", real_);
      return text;
    }
    case Kind::kDecimal:
      return text_;
    case Kind::kText:
      return "\"" + text_ + "\"";
  }
  return "";
}

bool Agree(const Cell& a, const Cell& b) {
  using Kind = Cell::Kind;
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (a.kind() == Kind::kText || b.kind() == Kind::kText) {
    return a.kind() == b.kind() && a.text() == b.text();
  }
  if (a.kind() == Kind::kReal || b.kind() == Kind::kReal) {
    const double x = AsDouble(a);
    const double y = AsDouble(b);
    return std::fabs(x - y) <= 1e-12 * std::max(std::fabs(x), std::fabs(y));
  }
  return a.ToString() == b.ToString();
}

Cell Table::At(size_t row, const std::string& column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (row >= rows.size() || found == columns.end()) return Cell();
  return rows[row][static_cast<size_t>(found - columns.begin())];
}

std::optional<size_t> Table::Find(const std::string& column, const std::string& key) const {
  for (size_t row = 0; row < rows.size(); ++row) {
    if (Agree(At(row, column), Cell::Text(key))) return row;
  }
  return std::nullopt;
}

std::string Compare(const Table& expected, const Table& actual) {
  if (expected.columns != actual.columns) {
    return "columns: expected " + Join(expected.columns) + ", got " + Join(actual.columns);
  }
  if (expected.as_of != actual.as_of) {
    return "as_of: expected " + expected.as_of + ", got " + actual.as_of;
  }
  if (const std::string difference = CompareRows(expected, actual); !difference.empty()) {
    return difference;
  }
  if (expected.rows_before_limit != actual.rows_before_limit) {
    return "rows_before_limit_at_least: expected " + Count(expected.rows_before_limit) + ", got " +
           Count(actual.rows_before_limit);
  }
  if (expected.unconverted_purchases != actual.unconverted_purchases) {
    return "unconverted_purchases: expected " + std::to_string(expected.unconverted_purchases) +
           ", got " + std::to_string(actual.unconverted_purchases);
  }
  return "";
}

std::variant<Table, std::string> ReadServedTable(const std::string& body) {
  const std::optional<JsonValue> answer = ReadJson(body);
  if (!answer.has_value()) return "not JSON: " + body;
  const JsonValue* meta = answer->Find("meta");
  const JsonValue* data = answer->Find("data");
  const JsonValue* rows = answer->Find("rows");
  const JsonValue* context = answer->Find("context");
  if (meta == nullptr || data == nullptr || rows == nullptr || context == nullptr) {
    return "no meta, data, rows or context: " + body;
  }
  const JsonValue* as_of = context->Find("as_of");
  const JsonValue* unconverted = context->Find("unconverted_purchases");
  if (as_of == nullptr || unconverted == nullptr) return "context is not whole: " + body;

  Table table;
  for (const JsonValue& column : meta->items) {
    const JsonValue* name = column.Find("name");
    if (name == nullptr) return "a column of meta has no name";
    table.columns.push_back(name->text);
  }
  for (const JsonValue& object : data->items) {
    if (std::string wrong = ReadServedRow(object, table); !wrong.empty()) return wrong;
  }
  if (IntegerOf(*rows) != static_cast<int64_t>(table.rows.size())) return "rows is not the count";
  if (const JsonValue* before = answer->Find("rows_before_limit_at_least"); before != nullptr) {
    table.rows_before_limit = IntegerOf(*before);
  }
  table.as_of = as_of->text;
  table.unconverted_purchases = IntegerOf(*unconverted);
  return table;
}

}  // namespace clv::model
