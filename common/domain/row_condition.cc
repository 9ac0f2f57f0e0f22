#include "common/domain/row_condition.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"

namespace clv::domain {
namespace {

using Kind = RowCondition::Kind;

struct Token {
  enum class Kind { kEnd, kWord, kNumber, kText, kSymbol };
  Kind kind = Kind::kEnd;
  std::string text;  // a word or symbol as written, a text without its quotes
  size_t begin = 0;
};

bool IsWordCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
}

absl::Status Refused(size_t at, std::string_view got, std::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat("at byte ", at, ": got ",
                                                 got.empty() ? "the end" : Quoted(got), ", want ",
                                                 std::string(want)));
}

// Cuts the text into tokens, one at a time.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  absl::StatusOr<Token> Next() {
    while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    const size_t begin = at_;
    if (at_ == text_.size()) return Token{.begin = begin};
    const char c = text_[at_];
    if (c == '\'') return Text();
    const bool is_number =
        absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '+';
    if (is_number) {
      ++at_;
      while (at_ < text_.size() && (IsWordCharacter(text_[at_]) || text_[at_] == '.')) ++at_;
      return Token{Token::Kind::kNumber, Taken(begin), begin};
    }
    if (IsWordCharacter(c)) {
      while (at_ < text_.size() && IsWordCharacter(text_[at_])) ++at_;
      return Token{Token::Kind::kWord, Taken(begin), begin};
    }
    ++at_;
    if (at_ < text_.size()) {
      const std::string_view two = text_.substr(begin, 2);
      if (two == "!=" || two == "<>" || two == "<=" || two == ">=" || two == "==") ++at_;
    }
    return Token{Token::Kind::kSymbol, Taken(begin), begin};
  }

 private:
  std::string Taken(size_t begin) const { return std::string(text_.substr(begin, at_ - begin)); }

  absl::StatusOr<Token> Text() {
    Token token{.kind = Token::Kind::kText, .begin = at_};
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (c == '\\') {
        if (next != '\'' && next != '\\') return Refused(at_, text_.substr(at_, 2), "\\' or \\\\");
        ++at_;
        token.text += next;
      } else if (c != '\'') {
        token.text += c;
      } else if (next == '\'') {
        ++at_;
        token.text += c;
      } else {
        ++at_;
        return token;
      }
    }
    return Refused(token.begin, text_.substr(token.begin), "a closing quote");
  }

  std::string_view text_;
  size_t at_ = 0;
};

absl::StatusOr<int64_t> ToInteger(const Token& token, std::string_view want) {
  const std::string_view digits =
      token.text.starts_with('+') ? std::string_view(token.text).substr(1) : token.text;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return Refused(token.begin, token.text, want);
  }
  return number;
}

// Recursive descent over the grammar of the header.
class Parser {
 public:
  Parser(DataSource data_source, std::string_view text)
      : columns_(ColumnsOf(data_source)), scanner_(text) {}

  absl::StatusOr<RowCondition> Parse() {
    CLV_RETURN_IF_ERROR(Advance());
    CLV_ASSIGN_OR_RETURN(RowCondition condition, Condition(0));
    if (token_.kind != Token::Kind::kEnd) return Refuse("and, or, or the end");
    return condition;
  }

 private:
  absl::Status Advance() {
    CLV_ASSIGN_OR_RETURN(token_, scanner_.Next());
    return absl::OkStatus();
  }

  absl::Status Refuse(std::string_view want) const {
    return Refused(token_.begin, token_.text, want);
  }

  bool IsWord(std::string_view word) const {
    return token_.kind == Token::Kind::kWord &&
           absl::AsciiStrToLower(token_.text) == absl::string_view(word.data(), word.size());
  }
  bool IsSymbol(std::string_view symbol) const {
    return token_.kind == Token::Kind::kSymbol && token_.text == symbol;
  }

  absl::StatusOr<bool> TakeWord(std::string_view word) {
    if (!IsWord(word)) return false;
    CLV_RETURN_IF_ERROR(Advance());
    return true;
  }
  absl::Status WantSymbol(std::string_view symbol) {
    if (!IsSymbol(symbol)) return Refuse(symbol);
    return Advance();
  }

  absl::StatusOr<RowCondition> Condition(int depth) { return Joined(Kind::kOr, "or", depth); }

  // Operands of one operator; a single one stands for itself.
  absl::StatusOr<RowCondition> Joined(Kind kind, std::string_view word, int depth) {
    RowCondition joined{.kind = kind};
    do {
      CLV_ASSIGN_OR_RETURN(RowCondition operand,
                           kind == Kind::kOr ? Joined(Kind::kAnd, "and", depth) : Factor(depth));
      joined.operands.push_back(std::move(operand));
      if (!IsWord(word)) break;
      CLV_RETURN_IF_ERROR(Advance());
    } while (true);
    if (joined.operands.size() > 1) return joined;
    return RowCondition(std::move(joined.operands.front()));
  }

  absl::StatusOr<RowCondition> Factor(int depth) {
    if (depth >= kMaxConditionDepth) return Refuse("at most 24 levels of nesting");
    CLV_ASSIGN_OR_RETURN(const bool is_not, TakeWord("not"));
    if (is_not) {
      CLV_ASSIGN_OR_RETURN(RowCondition operand, Factor(depth + 1));
      return Not(std::move(operand));
    }
    if (!IsSymbol("(")) return Predicate();
    CLV_RETURN_IF_ERROR(Advance());
    CLV_ASSIGN_OR_RETURN(RowCondition condition, Condition(depth + 1));
    CLV_RETURN_IF_ERROR(WantSymbol(")"));
    return condition;
  }

  absl::StatusOr<RowCondition> Predicate() {
    CLV_ASSIGN_OR_RETURN(const size_t place, ColumnPlace());
    CLV_ASSIGN_OR_RETURN(const bool is_is, TakeWord("is"));
    if (is_is) {
      CLV_ASSIGN_OR_RETURN(const bool is_not, TakeWord("not"));
      if (!IsWord("null")) return Refuse("null");
      CLV_RETURN_IF_ERROR(Advance());
      CLV_ASSIGN_OR_RETURN(RowCondition null, Node(Kind::kIsNull, place));
      return is_not ? Not(std::move(null)) : std::move(null);
    }
    CLV_ASSIGN_OR_RETURN(const bool is_not, TakeWord("not"));
    CLV_ASSIGN_OR_RETURN(const bool is_in, TakeWord("in"));
    CLV_ASSIGN_OR_RETURN(const bool is_between, TakeWord("between"));
    if (!is_in && !is_between) {
      if (is_not) return Refuse("in or between");
      return Comparison(place);
    }
    CLV_ASSIGN_OR_RETURN(RowCondition condition, is_in ? In(place) : Between(place));
    return is_not ? Not(std::move(condition)) : std::move(condition);
  }

  absl::StatusOr<RowCondition> Comparison(size_t place) {
    const std::string symbol = token_.kind == Token::Kind::kSymbol ? token_.text : "";
    const bool is_equal = symbol == "=" || symbol == "==";
    const bool is_unequal = symbol == "!=" || symbol == "<>";
    if (!is_equal && !is_unequal && symbol != "<" && symbol != "<=" && symbol != ">" &&
        symbol != ">=") {
      return Refuse("a comparison, in, between or is");
    }
    CLV_RETURN_IF_ERROR(Advance());
    if (is_equal || is_unequal) {
      CLV_ASSIGN_OR_RETURN(RowCondition equal, Literal(Kind::kEqual, place));
      return is_equal ? std::move(equal) : Not(std::move(equal));
    }
    const bool negate = symbol.starts_with('>');
    const bool or_equal = symbol == "<=" || symbol == ">";
    CLV_ASSIGN_OR_RETURN(RowCondition less,
                         Literal(or_equal ? Kind::kLessOrEqual : Kind::kLess, place));
    return negate ? Not(std::move(less)) : std::move(less);
  }

  absl::StatusOr<RowCondition> In(size_t place) {
    CLV_RETURN_IF_ERROR(WantSymbol("("));
    RowCondition any{.kind = Kind::kOr};
    while (true) {
      CLV_ASSIGN_OR_RETURN(RowCondition equal, Literal(Kind::kEqual, place));
      any.operands.push_back(std::move(equal));
      if (!IsSymbol(",")) break;
      CLV_RETURN_IF_ERROR(Advance());
    }
    CLV_RETURN_IF_ERROR(WantSymbol(")"));
    return any;
  }

  absl::StatusOr<RowCondition> Between(size_t place) {
    CLV_ASSIGN_OR_RETURN(RowCondition below, Literal(Kind::kLess, place));
    if (!IsWord("and")) return Refuse("and");
    CLV_RETURN_IF_ERROR(Advance());
    CLV_ASSIGN_OR_RETURN(RowCondition upto, Literal(Kind::kLessOrEqual, place));
    RowCondition both{.kind = Kind::kAnd};
    both.operands.push_back(Not(std::move(below)));
    both.operands.push_back(std::move(upto));
    return both;
  }

  static RowCondition Not(RowCondition operand) {
    RowCondition result{.kind = Kind::kNot};
    result.operands.push_back(std::move(operand));
    return result;
  }

  absl::StatusOr<RowCondition> Node(Kind kind, size_t place) {
    if (++nodes_ > kMaxConditionNodes) return Refuse("at most 100000 comparisons");
    return RowCondition{.kind = kind, .place = place};
  }

  absl::StatusOr<size_t> ColumnPlace() {
    std::string names;
    if (token_.kind == Token::Kind::kWord) {
      for (size_t place = 0; place < columns_.size(); ++place) {
        if (columns_[place].name != token_.text) continue;
        CLV_RETURN_IF_ERROR(Advance());
        return place;
      }
    }
    for (const Column& column : columns_) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", std::string(column.name));
    }
    return Refuse("a column: " + names);
  }

  // A leaf of `kind` with the literal that comes next.
  absl::StatusOr<RowCondition> Literal(Kind kind, size_t place) {
    CLV_ASSIGN_OR_RETURN(RowCondition leaf, Node(kind, place));
    const ColumnType type = columns_[place].type;
    const bool is_wrapped =
        type == ColumnType::kInstant && (IsWord("todate") || IsWord("todatetime"));
    if (is_wrapped) {
      CLV_RETURN_IF_ERROR(Advance());
      CLV_RETURN_IF_ERROR(WantSymbol("("));
    }
    if (IsTextColumn(type)) {
      CLV_ASSIGN_OR_RETURN(leaf.text, TextLiteral(type));
    } else {
      CLV_ASSIGN_OR_RETURN(leaf.number, NumberLiteral(type));
    }
    CLV_RETURN_IF_ERROR(Advance());
    if (is_wrapped) CLV_RETURN_IF_ERROR(WantSymbol(")"));
    return leaf;
  }

  absl::StatusOr<std::string> TextLiteral(ColumnType type) const {
    if (token_.kind == Token::Kind::kText) {
      return type == ColumnType::kCurrency ? absl::AsciiStrToUpper(token_.text) : token_.text;
    }
    // As in rows, an integer is read as its decimal text.
    if (token_.kind == Token::Kind::kNumber && ToInteger(token_, "").ok()) return token_.text;
    return Refuse("a text in single quotes");
  }

  absl::StatusOr<int64_t> NumberLiteral(ColumnType type) const {
    const bool is_text = token_.kind == Token::Kind::kText;
    const bool is_number = token_.kind == Token::Kind::kNumber;
    switch (type) {
      case ColumnType::kInstant: {
        constexpr char kWant[] = "'YYYY-MM-DD', 'YYYY-MM-DD HH:MM:SS' or epoch seconds";
        if (is_number) return ToInteger(token_, kWant);
        if (!is_text) return Refuse(kWant);
        const absl::StatusOr<ParsedInstant> parsed = ParseInstant(token_.text);
        return parsed.ok() ? absl::StatusOr<int64_t>(parsed->seconds) : Refuse(kWant);
      }
      case ColumnType::kAmount:
      case ColumnType::kImportedTotal: {
        if (!is_text && !is_number) return Refuse("a decimal");
        const absl::StatusOr<int64_t> micros =
            ParseDecimalString(token_.text, kMaxImportedTotalMicros);
        return micros.ok() ? micros : Refuse("a decimal with at most 6 digits behind the point");
      }
      case ColumnType::kFlag:
        if (IsWord("true") || (is_number && token_.text == "1")) return 1;
        if (IsWord("false") || (is_number && token_.text == "0")) return 0;
        return Refuse("0, 1, true or false");
      default:
        if (!is_number) return Refuse("an integer");
        return ToInteger(token_, "an integer");
    }
  }

  const std::span<const Column> columns_;
  Scanner scanner_;
  Token token_;
  size_t nodes_ = 0;
};

// The value of one column: a text, or a number; absent.
struct ColumnValue {
  bool is_absent = false;
  std::string_view text;
  int64_t number = 0;
};

ColumnValue OfText(const std::string& text) { return {text.empty(), text, 0}; }
ColumnValue OfNumber(int64_t number) { return {false, {}, number}; }
ColumnValue OfInstant(const std::optional<int64_t>& seconds) {
  return {!seconds.has_value(), {}, seconds.value_or(0)};
}

ColumnValue ValueAt(const Customer& row, size_t place) {
  switch (static_cast<CustomerColumn>(place)) {
    case CustomerColumn::kCustomerId:
      return OfText(row.customer_id);
    case CustomerColumn::kName:
      return OfText(row.name);
    case CustomerColumn::kEmail:
      return OfText(row.email);
    case CustomerColumn::kSignupDate:
      return OfInstant(row.signup_date);
    case CustomerColumn::kCountry:
      return OfText(row.country);
    case CustomerColumn::kCustomerSegment:
      return OfText(row.customer_segment);
    case CustomerColumn::kAcquisitionSource:
      return OfText(row.acquisition_source);
    case CustomerColumn::kActive:
      return OfNumber(row.active ? 1 : 0);
    case CustomerColumn::kCreatedAt:
      return OfInstant(row.created_at);
  }
  return {.is_absent = true};
}

ColumnValue ValueAt(const Purchase& row, size_t place) {
  switch (static_cast<PurchaseColumn>(place)) {
    case PurchaseColumn::kPurchaseId:
      return OfText(row.purchase_id);
    case PurchaseColumn::kCustomerId:
      return OfText(row.customer_id);
    case PurchaseColumn::kPurchaseAmount:
      return OfNumber(row.purchase_amount_micros);
    case PurchaseColumn::kPurchaseDate:
      return OfNumber(row.purchase_date);
    case PurchaseColumn::kProductId:
      return OfText(row.product_id);
    case PurchaseColumn::kProductName:
      return OfText(row.product_name);
    case PurchaseColumn::kProductCategory:
      return OfText(row.product_category);
    case PurchaseColumn::kPaymentMethod:
      return OfText(row.payment_method);
    case PurchaseColumn::kCurrency:
      return OfText(row.currency);
    case PurchaseColumn::kCreatedAt:
      return OfInstant(row.created_at);
    case PurchaseColumn::kOrderId:
      return OfText(row.order_id);
  }
  return {.is_absent = true};
}

ColumnValue ValueAt(const ImportedClv& row, size_t place) {
  switch (static_cast<ImportedClvColumn>(place)) {
    case ImportedClvColumn::kCustomerId:
      return OfText(row.customer_id);
    case ImportedClvColumn::kTotalSpend:
      return OfNumber(row.total_spend_micros);
    case ImportedClvColumn::kPurchaseCount:
      return OfNumber(row.purchase_count);
    case ImportedClvColumn::kFirstPurchaseDate:
      return OfNumber(row.first_purchase_date);
    case ImportedClvColumn::kLastPurchaseDate:
      return OfNumber(row.last_purchase_date);
    case ImportedClvColumn::kCustomerSegment:
      return OfText(row.customer_segment);
    case ImportedClvColumn::kCountry:
      return OfText(row.country);
    case ImportedClvColumn::kAcquisitionSource:
      return OfText(row.acquisition_source);
    case ImportedClvColumn::kUpdatedAt:
      return OfNumber(row.updated_at);
  }
  return {.is_absent = true};
}

// SQL's three values, ordered so that AND is the least and OR the greatest.
enum class Truth : int8_t { kFalse, kUnknown, kTrue };

template <typename Row>
Truth Evaluate(const Row& row, const std::span<const Column> columns,
               const RowCondition& condition) {
  switch (condition.kind) {
    case Kind::kAnd: {
      Truth truth = Truth::kTrue;
      for (const RowCondition& operand : condition.operands) {
        truth = std::min(truth, Evaluate(row, columns, operand));
        if (truth == Truth::kFalse) break;
      }
      return truth;
    }
    case Kind::kOr: {
      Truth truth = Truth::kFalse;
      for (const RowCondition& operand : condition.operands) {
        truth = std::max(truth, Evaluate(row, columns, operand));
        if (truth == Truth::kTrue) break;
      }
      return truth;
    }
    case Kind::kNot: {
      const Truth truth = Evaluate(row, columns, condition.operands.front());
      if (truth == Truth::kUnknown) return truth;
      return truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue;
    }
    default:
      break;
  }
  const ColumnValue value = ValueAt(row, condition.place);
  if (condition.kind == Kind::kIsNull) return value.is_absent ? Truth::kTrue : Truth::kFalse;
  if (value.is_absent) return Truth::kUnknown;
  const int order = IsTextColumn(columns[condition.place].type)
                        ? value.text.compare(condition.text)
                        : (value.number > condition.number) - (value.number < condition.number);
  const bool is_met = condition.kind == Kind::kEqual  ? order == 0
                      : condition.kind == Kind::kLess ? order < 0
                                                      : order <= 0;
  return is_met ? Truth::kTrue : Truth::kFalse;
}

template <typename Row>
bool IsMet(const Row& row, DataSource data_source, const RowCondition& condition) {
  return Evaluate(row, ColumnsOf(data_source), condition) == Truth::kTrue;
}

}  // namespace

bool IsTextColumn(ColumnType type) {
  return type == ColumnType::kText || type == ColumnType::kLongText ||
         type == ColumnType::kCurrency;
}

absl::StatusOr<RowCondition> ParseRowCondition(DataSource data_source, std::string_view text) {
  if (text.size() > kMaxConditionBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("got ", text.size(), " bytes, want at most ", kMaxConditionBytes));
  }
  if (!IsValidUtf8(text)) return absl::InvalidArgumentError("got bytes that are not UTF-8");
  return Parser(data_source, text).Parse();
}

bool Meets(const Customer& row, const RowCondition& condition) {
  return IsMet(row, DataSource::kCustomers, condition);
}
bool Meets(const Purchase& row, const RowCondition& condition) {
  return IsMet(row, DataSource::kPurchases, condition);
}
bool Meets(const ImportedClv& row, const RowCondition& condition) {
  return IsMet(row, DataSource::kCustomerClv, condition);
}

std::string_view TextAt(const Customer& row, size_t place) { return ValueAt(row, place).text; }
std::string_view TextAt(const Purchase& row, size_t place) { return ValueAt(row, place).text; }
std::string_view TextAt(const ImportedClv& row, size_t place) { return ValueAt(row, place).text; }

std::optional<std::vector<std::string>> OnlyCustomers(DataSource data_source,
                                                      const RowCondition& condition) {
  const size_t place = data_source == DataSource::kPurchases
                           ? static_cast<size_t>(PurchaseColumn::kCustomerId)
                           : static_cast<size_t>(CustomerColumn::kCustomerId);
  if (condition.kind == Kind::kEqual && condition.place == place) return {{condition.text}};
  if (condition.kind == Kind::kAnd) {
    for (const RowCondition& operand : condition.operands) {
      if (auto ids = OnlyCustomers(data_source, operand)) return ids;
    }
    return std::nullopt;
  }
  if (condition.kind != Kind::kOr) return std::nullopt;
  std::vector<std::string> all;
  for (const RowCondition& operand : condition.operands) {
    const auto ids = OnlyCustomers(data_source, operand);
    if (!ids) return std::nullopt;
    all.insert(all.end(), ids->begin(), ids->end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace clv::domain
