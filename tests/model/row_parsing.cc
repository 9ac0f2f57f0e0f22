#include "tests/model/row_parsing.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "tests/model/instants.h"
#include "tests/model/json_reader.h"

namespace clv::model {
namespace {

constexpr size_t kShort = 256;  // Bytes of a text.
constexpr size_t kLong = 1024;  // Bytes of a name, an e-mail, a product name.

bool AllDigits(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

// The JSON number is written without fraction and exponent.
bool IsInteger(const JsonValue& value) {
  return value.kind == JsonValue::Kind::kNumber &&
         value.text.find_first_of(".eE") == std::string::npos;
}

std::optional<int64_t> ToInt64(const std::string& integer) {
  const BigInt value = [&] {
    BigInt magnitude = 0;
    for (char c : integer) {
      if (c != '-') magnitude = magnitude * 10 + (c - '0');
    }
    return integer[0] == '-' ? BigInt(-magnitude) : magnitude;
  }();
  if (value < std::numeric_limits<int64_t>::min() || value > std::numeric_limits<int64_t>::max()) {
    return std::nullopt;
  }
  return value.convert_to<int64_t>();
}

bool HasControlCharacter(const std::string& text) {
  for (char32_t point : CodePoints(text)) {
    if (point <= 0x1F || (point >= 0x7F && point <= 0x9F)) return true;
  }
  return false;
}

// Reads the fields of one object and notes the broken ones. Absent means: no key, null, or "".
class Fields {
 public:
  Fields(const JsonValue& object, int64_t now) : object_(object), now_(now) {}

  std::optional<std::string> Text(const std::string& name, size_t max_bytes) {
    const JsonValue* value = Present(name);
    if (value == nullptr) return std::nullopt;
    std::string text = value->text;
    if (IsInteger(*value)) {
      if (text == "-0") text = "0";
    } else if (value->kind != JsonValue::Kind::kString || !value->valid_unicode) {
      return Break(name);
    }
    if (text.size() > max_bytes || HasControlCharacter(text)) return Break(name);
    return text;
  }

  std::optional<int64_t> Instant(const std::string& name) {
    const JsonValue* value = Present(name);
    if (value == nullptr) return std::nullopt;
    std::optional<int64_t> seconds;
    if (IsInteger(*value)) {
      seconds = ToInt64(value->text);
    } else if (value->kind == JsonValue::Kind::kString && value->valid_unicode) {
      const std::optional<ParsedInstant> parsed = ParseInstant(value->text);
      if (parsed.has_value()) seconds = parsed->seconds;
    }
    if (!seconds.has_value() || *seconds < 0 || *seconds > now_ + kSecondsPerDay) {
      return Break(name);
    }
    return seconds;
  }

  std::optional<BigInt> Money(const std::string& name, const BigInt& max_units) {
    const JsonValue* value = Present(name);
    if (value == nullptr) return std::nullopt;
    std::optional<BigInt> micros;
    if (value->kind == JsonValue::Kind::kNumber) micros = MicrosOfNumber(value->text);
    if (value->kind == JsonValue::Kind::kString) micros = MicrosOfString(value->text);
    if (!micros.has_value() || abs(*micros) > max_units * kMicros) return Break(name);
    return micros;
  }

  std::optional<int64_t> Count(const std::string& name) {
    const JsonValue* value = Present(name);
    if (value == nullptr) return std::nullopt;
    std::optional<int64_t> count;
    const bool digits = value->kind == JsonValue::Kind::kString && AllDigits(value->text);
    if (IsInteger(*value) || digits) count = ToInt64(value->text);
    if (!count.has_value() || *count < 1) return Break(name);
    return count;
  }

  std::optional<bool> Flag(const std::string& name) {
    const JsonValue* value = Present(name);
    if (value == nullptr) return std::nullopt;
    if (value->kind == JsonValue::Kind::kBool) return value->boolean;
    if (IsInteger(*value) && value->text == "0") return false;
    if (IsInteger(*value) && value->text == "1") return true;
    return Break(name);
  }

  std::optional<std::string> Currency(const std::string& name) {
    std::optional<std::string> text = Text(name, kShort);
    if (!text.has_value()) return std::nullopt;
    const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    if (text->size() != 3 || !std::all_of(text->begin(), text->end(), is_letter)) {
      return Break(name);
    }
    for (char& c : *text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
  }

  // The value of a required field; an absent one breaks it.
  template <typename T>
  T Required(const std::string& name, const std::optional<T>& value) {
    if (value.has_value()) return *value;
    Break(name);
    return T();
  }

  std::nullopt_t Break(const std::string& name) {
    broken_.push_back(name);
    return std::nullopt;
  }

  bool IsBroken(const std::string& name) const {
    return std::find(broken_.begin(), broken_.end(), name) != broken_.end();
  }

  std::vector<std::string> BrokenColumns() const {
    std::vector<std::string> names = broken_;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

 private:
  const JsonValue* Present(const std::string& name) const {
    const JsonValue* value = object_.Find(name);
    if (value == nullptr || value->kind == JsonValue::Kind::kNull) return nullptr;
    const bool empty_text =
        value->kind == JsonValue::Kind::kString && value->text.empty() && value->valid_unicode;
    return empty_text ? nullptr : value;
  }

  const JsonValue& object_;
  int64_t now_;
  std::vector<std::string> broken_;
};

std::optional<JsonValue> ReadObject(const std::string& json) {
  std::optional<JsonValue> value = ReadJson(json);
  if (!value.has_value() || value->kind != JsonValue::Kind::kObject) return std::nullopt;
  return value;
}

}  // namespace

Parsed<CustomerRow> ParseCustomer(const std::string& json, int64_t now) {
  const std::optional<JsonValue> object = ReadObject(json);
  if (!object.has_value()) return {{}, {""}};
  Fields fields(*object, now);
  CustomerRow row;
  row.customer_id = fields.Required("customer_id", fields.Text("customer_id", kShort));
  row.name = fields.Text("name", kLong);
  row.email = fields.Text("email", kLong);
  row.signup_date = fields.Instant("signup_date");
  row.country = fields.Text("country", kShort);
  row.customer_segment = fields.Text("customer_segment", kShort);
  row.acquisition_source = fields.Text("acquisition_source", kShort);
  row.active = fields.Flag("active").value_or(true);
  row.created_at = fields.Instant("created_at");
  return {row, fields.BrokenColumns()};
}

Parsed<PurchaseRow> ParsePurchase(const std::string& json, int64_t now,
                                  const std::string& reporting_currency) {
  const std::optional<JsonValue> object = ReadObject(json);
  if (!object.has_value()) return {{}, {""}};
  Fields fields(*object, now);
  PurchaseRow row;
  row.purchase_id = fields.Required("purchase_id", fields.Text("purchase_id", kShort));
  row.customer_id = fields.Required("customer_id", fields.Text("customer_id", kShort));
  row.amount_micros =
      fields.Required("purchase_amount", fields.Money("purchase_amount", 1'000'000'000));
  row.purchase_date = fields.Required("purchase_date", fields.Instant("purchase_date"));
  row.product_id = fields.Text("product_id", kShort);
  row.product_name = fields.Text("product_name", kLong);
  row.product_category = fields.Text("product_category", kShort);
  row.payment_method = fields.Text("payment_method", kShort);
  row.currency = fields.Currency("currency").value_or(reporting_currency);
  row.created_at = fields.Instant("created_at");
  row.order_id = fields.Text("order_id", kShort).value_or(row.purchase_id);
  return {row, fields.BrokenColumns()};
}

Parsed<ClvRow> ParseClv(const std::string& json, int64_t now) {
  const std::optional<JsonValue> object = ReadObject(json);
  if (!object.has_value()) return {{}, {""}};
  Fields fields(*object, now);
  ClvRow row;
  row.customer_id = fields.Required("customer_id", fields.Text("customer_id", kShort));
  row.total_spend_micros =
      fields.Required("total_spend", fields.Money("total_spend", 1'000'000'000'000));
  row.purchase_count = fields.Required("purchase_count", fields.Count("purchase_count"));
  row.first_purchase_date =
      fields.Required("first_purchase_date", fields.Instant("first_purchase_date"));
  row.last_purchase_date =
      fields.Required("last_purchase_date", fields.Instant("last_purchase_date"));
  row.customer_segment = fields.Text("customer_segment", kShort);
  row.country = fields.Text("country", kShort);
  row.acquisition_source = fields.Text("acquisition_source", kShort);
  row.updated_at = fields.Required("updated_at", fields.Instant("updated_at"));

  const bool first = !fields.IsBroken("first_purchase_date");
  const bool last = !fields.IsBroken("last_purchase_date");
  const bool updated = !fields.IsBroken("updated_at");
  if (last && updated && row.last_purchase_date > row.updated_at) {
    fields.Break("last_purchase_date");
  }
  if (first && last && row.first_purchase_date > row.last_purchase_date) {
    fields.Break("first_purchase_date");
  }
  return {row, fields.BrokenColumns()};
}

}  // namespace clv::model
