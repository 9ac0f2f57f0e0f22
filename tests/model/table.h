#ifndef CLV_TESTS_MODEL_TABLE_H_
#define CLV_TESTS_MODEL_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace clv::model {

// One value of an answer, as the /v0 wire shows it.
//
// An answer computed by NaiveModel holds: kInteger for counts, flags, scores and ranks; kReal for
// quotients, rates and real days; kDecimal for exact money (shortest decimal text: "500.25", "-3",
// "0"); kText for texts, instants ("YYYY-MM-DD HH:MM:SS") and dates ("YYYY-MM-DD"); kNull.
// An answer read from a served body (ReadServedTable) holds kNull, kText, and every number as
// kDecimal with the number's own text.
class Cell {
 public:
  enum class Kind { kNull, kInteger, kReal, kDecimal, kText };

  Cell() = default;  // Null.
  static Cell Integer(int64_t value);
  static Cell Real(double value);
  static Cell Decimal(std::string text);
  static Cell Text(std::string text);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  int64_t integer() const { return integer_; }       // Of kInteger only.
  double real() const { return real_; }              // Of kReal only.
  const std::string& text() const { return text_; }  // Of kDecimal and kText only.

  // For people: `null`, `5`, `0.25`, `500.25`, `"Premium"`.
  std::string ToString() const;

 private:
  Kind kind_ = Kind::kNull;
  int64_t integer_ = 0;
  double real_ = 0;
  std::string text_;
};

// Whether two cells say the same: nulls equal nulls, texts byte for byte, integers and decimals
// digit for digit ("5" equals 5, "5.0" does not), and where either one is a real, both as doubles
// within 1e-12 relative.
bool Agree(const Cell& a, const Cell& b);

// An answer: the rows in order, and the two numbers of `context` that the data determine.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;       // Each as long as `columns`.
  std::optional<int64_t> rows_before_limit;  // `rows_before_limit_at_least`, where present.
  std::string as_of;                         // `context.as_of`, "YYYY-MM-DD HH:MM:SS".
  int64_t unconverted_purchases = 0;         // `context.unconverted_purchases`.

  // The cell of `column` in row `row`; null when there is no such row or column.
  Cell At(size_t row, const std::string& column) const;
  // The first row whose `column` holds the text `key`; nullopt when there is none.
  std::optional<size_t> Find(const std::string& column, const std::string& key) const;
};

// Describes the first difference of two answers ("" when they agree): columns and their order,
// number of rows, every cell by Agree, rows_before_limit, as_of, unconverted_purchases.
std::string Compare(const Table& expected, const Table& actual);

inline bool operator==(const Table& a, const Table& b) { return Compare(a, b).empty(); }

// Reads the body of a served /v0/pipes/NAME.json answer. Returns a message instead when the body
// is not such an answer: not JSON, a key missing, a row whose keys are not those of `meta` in that
// order, `rows` that is not the number of rows.
std::variant<Table, std::string> ReadServedTable(const std::string& body);

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_TABLE_H_
