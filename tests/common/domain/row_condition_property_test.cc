// Random conditions in random spelling, held against an evaluation that grows with the text.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/domain/row_condition.h"
#include "tests/common/domain/choices.h"

namespace clv::domain {
namespace {

// A value as the oracle knows it: texts and numbers are kept apart, neither is an absent one.
struct KnownValue {
  std::optional<std::string> text;
  std::optional<int64_t> number;
  bool is_absent() const { return !text.has_value() && !number.has_value(); }
};

KnownValue Known(const std::string& text) {
  return text.empty() ? KnownValue{} : KnownValue{text, std::nullopt};
}
KnownValue Known(std::optional<int64_t> number) { return {std::nullopt, number}; }

// A column: 't' text, 'c' currency, 'i' instant, 'm' money, 'n' count, 'f' flag.
template <typename Row>
struct TestedColumn {
  std::string name;
  char kind;
  std::function<KnownValue(const Row&)> get;
};

const std::vector<std::string> kTexts = {"a", "b", "it's", "a\\b", "\xC3\xA4", "7", "A"};
const std::vector<int64_t> kInstants = {0, 86'399, 86'400, 1'704'067'200};
const std::vector<int64_t> kMicros = {0, 1, -1'500'000, 2'000'000, 19'990'000};
const std::vector<int64_t> kCounts = {1, 2, 7};

std::string TextOrNone(Choices& choose) { return choose.OneIn(4) ? "" : choose.Of(kTexts); }
std::optional<int64_t> InstantOrNone(Choices& choose) {
  return choose.OneIn(3) ? std::nullopt : std::optional(choose.Of(kInstants));
}

template <typename Row>
struct Tested;

template <>
struct Tested<Customer> {
  static constexpr DataSource kDataSource = DataSource::kCustomers;
  static Customer Random(Choices& choose) {
    return {.customer_id = choose.Of(kTexts),
            .name = TextOrNone(choose),
            .email = TextOrNone(choose),
            .signup_date = InstantOrNone(choose),
            .country = TextOrNone(choose),
            .customer_segment = TextOrNone(choose),
            .acquisition_source = TextOrNone(choose),
            .active = choose.OneIn(2),
            .created_at = InstantOrNone(choose)};
  }
  static std::vector<TestedColumn<Customer>> Columns() {
    return {
        {"customer_id", 't', [](const Customer& row) { return Known(row.customer_id); }},
        {"name", 't', [](const Customer& row) { return Known(row.name); }},
        {"email", 't', [](const Customer& row) { return Known(row.email); }},
        {"signup_date", 'i', [](const Customer& row) { return Known(row.signup_date); }},
        {"country", 't', [](const Customer& row) { return Known(row.country); }},
        {"customer_segment", 't', [](const Customer& row) { return Known(row.customer_segment); }},
        {"acquisition_source", 't',
         [](const Customer& row) { return Known(row.acquisition_source); }},
        {"active", 'f', [](const Customer& row) { return Known(row.active ? 1 : 0); }},
        {"created_at", 'i', [](const Customer& row) { return Known(row.created_at); }}};
  }
};

template <>
struct Tested<Purchase> {
  static constexpr DataSource kDataSource = DataSource::kPurchases;
  static Purchase Random(Choices& choose) {
    return {.purchase_id = choose.Of(kTexts),
            .customer_id = choose.Of(kTexts),
            .order_id = choose.Of(kTexts),
            .purchase_amount_micros = choose.Of(kMicros),
            .purchase_date = choose.Of(kInstants),
            .currency = choose.Of<std::string>({"USD", "EUR", ""}),
            .product_id = TextOrNone(choose),
            .product_name = TextOrNone(choose),
            .product_category = TextOrNone(choose),
            .payment_method = TextOrNone(choose),
            .created_at = InstantOrNone(choose)};
  }
  static std::vector<TestedColumn<Purchase>> Columns() {
    return {
        {"purchase_id", 't', [](const Purchase& row) { return Known(row.purchase_id); }},
        {"customer_id", 't', [](const Purchase& row) { return Known(row.customer_id); }},
        {"purchase_amount", 'm',
         [](const Purchase& row) { return Known(row.purchase_amount_micros); }},
        {"purchase_date", 'i', [](const Purchase& row) { return Known(row.purchase_date); }},
        {"product_id", 't', [](const Purchase& row) { return Known(row.product_id); }},
        {"product_name", 't', [](const Purchase& row) { return Known(row.product_name); }},
        {"product_category", 't', [](const Purchase& row) { return Known(row.product_category); }},
        {"payment_method", 't', [](const Purchase& row) { return Known(row.payment_method); }},
        {"currency", 'c', [](const Purchase& row) { return Known(row.currency); }},
        {"created_at", 'i', [](const Purchase& row) { return Known(row.created_at); }},
        {"order_id", 't', [](const Purchase& row) { return Known(row.order_id); }}};
  }
};

template <>
struct Tested<ImportedClv> {
  static constexpr DataSource kDataSource = DataSource::kCustomerClv;
  static ImportedClv Random(Choices& choose) {
    return {.customer_id = choose.Of(kTexts),
            .total_spend_micros = choose.Of(kMicros),
            .purchase_count = choose.Of(kCounts),
            .first_purchase_date = choose.Of(kInstants),
            .last_purchase_date = choose.Of(kInstants),
            .customer_segment = TextOrNone(choose),
            .country = TextOrNone(choose),
            .acquisition_source = TextOrNone(choose),
            .updated_at = choose.Of(kInstants)};
  }
  static std::vector<TestedColumn<ImportedClv>> Columns() {
    using Row = ImportedClv;
    return {
        {"customer_id", 't', [](const Row& row) { return Known(row.customer_id); }},
        {"total_spend", 'm', [](const Row& row) { return Known(row.total_spend_micros); }},
        {"purchase_count", 'n', [](const Row& row) { return Known(row.purchase_count); }},
        {"first_purchase_date", 'i', [](const Row& row) { return Known(row.first_purchase_date); }},
        {"last_purchase_date", 'i', [](const Row& row) { return Known(row.last_purchase_date); }},
        {"customer_segment", 't', [](const Row& row) { return Known(row.customer_segment); }},
        {"country", 't', [](const Row& row) { return Known(row.country); }},
        {"acquisition_source", 't', [](const Row& row) { return Known(row.acquisition_source); }},
        {"updated_at", 'i', [](const Row& row) { return Known(row.updated_at); }}};
  }
};

using Truth = std::optional<bool>;  // nothing: unknown

// A condition in the making: its text, and what it says of a row. `strength`: 0 or, 1 and, 2 a
// factor.
template <typename Row>
struct Said {
  std::string text;
  int strength = 2;
  std::function<Truth(const Row&)> truth;
};

// A literal with its value.
struct Literal {
  std::string text;
  KnownValue value;
};

// Draws conditions on rows of one kind.
template <typename Row>
class Speaker {
 public:
  explicit Speaker(uint64_t seed) : choose_(seed) {}

  Row RandomRow() { return Tested<Row>::Random(choose_); }

  Said<Row> Condition(int depth) {
    if (depth == 0 || choose_.OneIn(3)) return Predicate();
    switch (choose_.Below(3)) {
      case 0: {
        const Said<Row> inner = Condition(depth - 1);
        const bool needs_brackets = inner.strength < 2 || choose_.OneIn(2);
        return {Word("not") + (needs_brackets ? "(" + inner.text + ")" : " " + inner.text), 2,
                [truth = inner.truth](const Row& row) -> Truth {
                  const Truth inside = truth(row);
                  if (!inside.has_value()) return std::nullopt;
                  return !*inside;
                }};
      }
      case 1:
        return Joined("and", 1, depth);
      default:
        return Joined("or", 0, depth);
    }
  }

 private:
  // A word in some case.
  std::string Word(std::string word) {
    for (char& c : word) {
      if (choose_.OneIn(5)) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return word;
  }

  std::string Blank() { return choose_.Of<std::string>({" ", "  ", "\n", "\t "}); }

  Said<Row> Joined(const std::string& word, int strength, int depth) {
    Said<Row> said{.strength = strength};
    std::vector<std::function<Truth(const Row&)>> truths;
    const size_t count = 2 + choose_.Below(2);
    for (size_t i = 0; i < count; ++i) {
      const Said<Row> operand = Condition(depth - 1);
      const bool needs_brackets = operand.strength <= strength || choose_.OneIn(4);
      if (i > 0) said.text += Blank() + Word(word) + Blank();
      said.text += needs_brackets ? "(" + operand.text + ")" : operand.text;
      truths.push_back(operand.truth);
    }
    const bool deciding = strength == 0;
    said.truth = [truths, deciding](const Row& row) -> Truth {
      bool is_unknown = false;
      for (const auto& truth : truths) {
        const Truth of_operand = truth(row);
        if (of_operand == deciding) return deciding;
        if (!of_operand.has_value()) is_unknown = true;
      }
      if (is_unknown) return std::nullopt;
      return !deciding;
    };
    return said;
  }

  Said<Row> Predicate() {
    const TestedColumn<Row> column = choose_.Of(Tested<Row>::Columns());
    switch (choose_.Below(4)) {
      case 0: {
        const bool is_not = choose_.OneIn(2);
        return {column.name + Blank() + Word("is") + Blank() + (is_not ? Word("not") + " " : "") +
                    Word("null"),
                2, [column, is_not](const Row& row) -> Truth {
                  return column.get(row).is_absent() != is_not;
                }};
      }
      case 1:
        return In(column);
      case 2:
        return Between(column);
      default:
        return Comparison(column);
    }
  }

  Said<Row> Comparison(const TestedColumn<Row>& column) {
    const auto symbol = choose_.Of<std::string>({"=", "==", "!=", "<>", "<", "<=", ">", ">="});
    const Literal literal = LiteralOf(column.kind);
    return {column.name + (choose_.OneIn(2) ? Blank() : "") + symbol +
                (choose_.OneIn(2) ? Blank() : "") + literal.text,
            2, [column, symbol, literal](const Row& row) -> Truth {
              const KnownValue value = column.get(row);
              if (value.is_absent()) return std::nullopt;
              const int order = Order(value, literal.value);
              if (symbol == "=" || symbol == "==") return order == 0;
              if (symbol == "!=" || symbol == "<>") return order != 0;
              if (symbol == "<") return order < 0;
              if (symbol == "<=") return order <= 0;
              return symbol == ">" ? order > 0 : order >= 0;
            }};
  }

  Said<Row> In(const TestedColumn<Row>& column) {
    const bool is_not = choose_.OneIn(3);
    std::vector<KnownValue> values;
    std::string list;
    const size_t count = 1 + choose_.Below(3);
    for (size_t i = 0; i < count; ++i) {
      const Literal literal = LiteralOf(column.kind);
      list += (i == 0 ? "" : ", ") + literal.text;
      values.push_back(literal.value);
    }
    return {column.name + " " + (is_not ? Word("not") + " " : "") + Word("in") + "(" + list + ")",
            2, [column, values, is_not](const Row& row) -> Truth {
              const KnownValue value = column.get(row);
              if (value.is_absent()) return std::nullopt;
              const bool is_in = std::any_of(values.begin(), values.end(), [&](const auto& one) {
                return Order(value, one) == 0;
              });
              return is_in != is_not;
            }};
  }

  Said<Row> Between(const TestedColumn<Row>& column) {
    const bool is_not = choose_.OneIn(3);
    const Literal low = LiteralOf(column.kind);
    const Literal high = LiteralOf(column.kind);
    return {column.name + " " + (is_not ? Word("not") + " " : "") + Word("between") + " " +
                low.text + " " + Word("and") + " " + high.text,
            2, [column, low, high, is_not](const Row& row) -> Truth {
              const KnownValue value = column.get(row);
              if (value.is_absent()) return std::nullopt;
              const bool is_between = Order(value, low.value) >= 0 && Order(value, high.value) <= 0;
              return is_between != is_not;
            }};
  }

  static int Order(const KnownValue& a, const KnownValue& b) {
    if (a.text.has_value()) return a.text->compare(*b.text);
    return *a.number < *b.number ? -1 : *a.number > *b.number ? 1 : 0;
  }

  std::string Quoted(const std::string& text) {
    std::string quoted = "'";
    for (const char c : text) {
      if (c == '\'') quoted += choose_.OneIn(2) ? "'" : "\\";
      if (c == '\\') quoted += "\\";
      quoted += c;
    }
    return quoted + "'";
  }

  Literal LiteralOf(char kind) {
    switch (kind) {
      case 't': {
        const std::string text = choose_.OneIn(8) ? "" : choose_.Of(kTexts);
        const bool is_bare = text == "7" && choose_.OneIn(2);
        return {is_bare ? text : Quoted(text), {text, std::nullopt}};
      }
      case 'c': {
        const auto code = choose_.Of<std::string>({"USD", "EUR", "CHF"});
        return {Quoted(choose_.OneIn(2) ? code : Word(LowerCase(code))), {code, std::nullopt}};
      }
      case 'i':
        return InstantLiteral();
      case 'm': {
        const int64_t micros = choose_.Of(kMicros);
        const std::string text = FormatMicros(micros);
        return {choose_.OneIn(3) ? Quoted(text) : text, {std::nullopt, micros}};
      }
      case 'n': {
        const int64_t count = choose_.Of(kCounts);
        return {(choose_.OneIn(3) ? "+" : "") + std::to_string(count), {std::nullopt, count}};
      }
      default: {
        const bool flag = choose_.OneIn(2);
        return {choose_.OneIn(2) ? (flag ? "1" : "0") : Word(flag ? "true" : "false"),
                {std::nullopt, flag ? 1 : 0}};
      }
    }
  }

  Literal InstantLiteral() {
    const int64_t seconds = choose_.Of(kInstants);
    const KnownValue value{std::nullopt, seconds};
    switch (choose_.Below(4)) {
      case 0:
        return {std::to_string(seconds), value};
      case 1:
        if (seconds % kSecondsPerDay == 0) return {"'" + FormatDate(seconds) + "'", value};
        [[fallthrough]];
      case 2:
        return {"'" + FormatInstant(seconds) + "'", value};
      default:
        return {Word(seconds % kSecondsPerDay == 0 ? "toDate" : "toDateTime") + "('" +
                    FormatInstant(seconds) + "')",
                value};
    }
  }

  static std::string LowerCase(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  }

  Choices choose_;
};

uint64_t FirstSeed() {
  const char* seed = std::getenv("CLV_TEST_SEED");
  return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

template <typename Row>
void CheckConditions(int count) {
  for (int i = 0; i < count; ++i) {
    const uint64_t seed = FirstSeed() + static_cast<uint64_t>(i);
    Speaker<Row> speaker(seed);
    const Said<Row> said = speaker.Condition(4);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + said.text);
    const auto condition = ParseRowCondition(Tested<Row>::kDataSource, said.text);
    ASSERT_TRUE(condition.ok()) << condition.status();
    const auto only = OnlyCustomers(Tested<Row>::kDataSource, *condition);
    for (int n = 0; n < 12; ++n) {
      const Row row = speaker.RandomRow();
      const bool is_met = said.truth(row) == true;
      ASSERT_EQ(Meets(row, *condition), is_met);
      if (is_met && only.has_value()) {
        ASSERT_TRUE(std::binary_search(only->begin(), only->end(), row.customer_id));
      }
    }
  }
}

constexpr int kConditions = 3'000;

TEST(RowConditionPropertyTest, CustomersMeetWhatTheTextSays) {
  CheckConditions<Customer>(kConditions);
}
TEST(RowConditionPropertyTest, PurchasesMeetWhatTheTextSays) {
  CheckConditions<Purchase>(kConditions);
}
TEST(RowConditionPropertyTest, ImportedRecordsMeetWhatTheTextSays) {
  CheckConditions<ImportedClv>(kConditions);
}

}  // namespace
}  // namespace clv::domain
