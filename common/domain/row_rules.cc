#include "common/domain/row_rules.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/instant.h"
#include "common/base/money.h"
#include "common/base/utf8.h"

namespace clv::domain {
namespace {

using ValueKind = RawValue::Kind;

constexpr size_t kTextBytes = 256;
constexpr size_t kLongTextBytes = 1024;

// 10^11 seconds are the year 5138, 10^11 milliseconds 1973: whatever is above was counted in
// milliseconds.
constexpr int64_t kMillisecondsBegin = 100'000'000'000;

bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Whether a JSON number has neither fraction nor exponent.
bool IsInteger(const RawValue& value) {
  return value.kind == ValueKind::kNumber &&
         value.text.find_first_of(".eE") == std::string_view::npos;
}

std::optional<int64_t> ToInt64(std::string_view digits) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// The value as error texts show it.
std::string Shown(const RawValue& value) {
  if (value.kind == ValueKind::kContainer)
    return value.text.starts_with('{') ? "an object" : "an array";
  return Quoted(TextOf(value).value_or(""));
}

constexpr std::string_view kWant = ", want ";

std::string GotAndWant(const RawValue& value, const std::string& wanted) {
  return absl::StrCat("got ", Shown(value), std::string(kWant), wanted);
}

// Reads the columns of one row one after another and collects the broken ones.
class ColumnReader {
 public:
  ColumnReader(DataSource data_source, const RawRow& row, int64_t now_seconds)
      : columns_(ColumnsOf(data_source)),
        row_(row),
        latest_instant_(now_seconds + kSecondsPerDay) {}

  template <typename Place>
  std::string_view Text(Place place) {
    const RawValue& value = row_[place];
    // Nearly all.
    if (value.kind == ValueKind::kText && !value.text.empty() && value.text.size() <= kTextBytes &&
        IsPrintableAscii(value.text)) {
      return value.text;
    }
    return OtherText(place);
  }

  template <typename Place>
  std::optional<int64_t> Instant(Place place) {
    const RawValue& value = row_[place];
    if (value.kind == ValueKind::kInstant && value.number >= 0 && value.number <= latest_instant_) {
      return value.number;
    }
    return OtherInstant(place);
  }

  template <typename Place>
  int64_t Money(Place place) {
    const RawValue& value = row_[place];
    if (IsMissing(place)) return 0;
    const int64_t max_micros =
        Spec(place).type == ColumnType::kImportedTotal ? kMaxImportedTotalMicros : kMaxAmountMicros;
    absl::StatusOr<int64_t> micros = absl::InvalidArgumentError("");
    switch (value.kind) {
      case ValueKind::kNumber:
        micros = ParseJsonNumber(value.text, max_micros);
        break;
      case ValueKind::kText:
        micros = ParseDecimalString(value.text, max_micros);
        break;
      case ValueKind::kMicros:
        if (value.number >= -max_micros && value.number <= max_micros) return value.number;
        return Break<int64_t>(place, absl::StrCat("an amount between -", FormatMicros(max_micros),
                                                  " and ", FormatMicros(max_micros)));
      default:
        return Break<int64_t>(place, "a number or a decimal string");
    }
    if (micros.ok()) return *micros;
    const std::string phrase(micros.status().message());
    // The value may say ", want ", too, but stands before the wanted part.
    AddBroken(place, phrase, phrase.substr(phrase.rfind(kWant) + kWant.size()));
    return 0;
  }

  template <typename Place>
  int64_t Count(Place place) {
    const RawValue& value = row_[place];
    if (IsMissing(place)) return 0;
    std::optional<int64_t> count;
    if (value.kind == ValueKind::kInteger) {
      count = value.number;
    } else if (IsInteger(value) || (value.kind == ValueKind::kText &&
                                    std::all_of(value.text.begin(), value.text.end(), IsDigit))) {
      count = ToInt64(value.text);
    }
    if (!count.has_value() || *count < 1) return Break<int64_t>(place, "an integer of at least 1");
    return *count;
  }

  template <typename Place>
  std::optional<bool> Flag(Place place) {
    const RawValue& value = row_[place];
    if (IsMissing(place)) return std::nullopt;
    if (value.kind == ValueKind::kFlag) return value.number != 0;
    if (value.kind == ValueKind::kNumber && value.text == "0") return false;
    if (value.kind == ValueKind::kNumber && value.text == "1") return true;
    Break<bool>(place, "0, 1, true or false");
    return std::nullopt;
  }

  template <typename Place>
  std::string Currency(Place place) {
    const RawValue& value = row_[place];
    if (IsMissing(place)) return {};
    if (value.kind != ValueKind::kText || value.text.size() != 3 ||
        !std::all_of(value.text.begin(), value.text.end(), IsLetter)) {
      return Break<std::string>(place, "three letters such as USD");
    }
    std::string code(value.text);
    for (char& c : code) c = static_cast<char>(c & ~0x20);
    return code;
  }

  // Notes the column as broken and returns an empty result for it.
  template <typename Result, typename Place>
  Result Break(Place place, const std::string& wanted) {
    AddBroken(place, GotAndWant(row_[place], wanted), wanted);
    return Result();
  }

  std::vector<BrokenColumn> TakeBroken() {
    std::sort(broken_.begin(), broken_.end(),
              [](const BrokenColumn& a, const BrokenColumn& b) { return a.place < b.place; });
    return std::move(broken_);
  }

 private:
  template <typename Place>
  const Column& Spec(Place place) const {
    return columns_[static_cast<size_t>(place)];
  }

  template <typename Place>
  bool IsMissing(Place place) {
    if (!row_[place].IsAbsent()) return false;
    if (Spec(place).required) AddBroken(place, "got nothing, want a value", "a value");
    return true;
  }

  template <typename Place>
  std::string_view OtherText(Place place) {
    const RawValue& value = row_[place];
    if (IsMissing(place)) return {};
    if (value.kind != ValueKind::kText && !IsInteger(value)) {
      if (value.kind == ValueKind::kBrokenText)
        return Break<std::string_view>(place, "Unicode text without lone surrogates");
      return Break<std::string_view>(place, "text");
    }
    // The one integer whose text is not its value's.
    if (value.kind == ValueKind::kNumber && value.text == "-0") return "0";
    const size_t max_bytes =
        Spec(place).type == ColumnType::kLongText ? kLongTextBytes : kTextBytes;
    if (value.text.size() > max_bytes) {
      const std::string wanted = absl::StrCat("at most ", max_bytes, " bytes");
      AddBroken(place, absl::StrCat(GotAndWant(value, wanted), " (got ", value.text.size(), ")"),
                wanted);
      return {};
    }
    if (HasControlCharacter(value.text))
      return Break<std::string_view>(place, "text without control characters");
    return value.text;
  }

  template <typename Place>
  std::optional<int64_t> OtherInstant(Place place) {
    const RawValue& value = row_[place];
    if (IsMissing(place)) return std::nullopt;
    std::optional<int64_t> seconds;
    if (value.kind == ValueKind::kInstant) {
      seconds = value.number;
    } else if (IsInteger(value)) {
      seconds = ToInt64(value.text);
      if (seconds.has_value() &&
          (*seconds >= kMillisecondsBegin || *seconds <= -kMillisecondsBegin)) {
        return BreakNone(place, "epoch seconds; this looks like epoch milliseconds");
      }
    } else if (value.kind == ValueKind::kText) {
      const absl::StatusOr<ParsedInstant> parsed = ParseInstant(value.text);
      if (parsed.ok()) seconds = parsed->seconds;
    }
    if (!seconds.has_value()) {
      return BreakNone(place, "YYYY-MM-DD HH:MM:SS, ISO 8601, YYYY-MM-DD or integer epoch seconds");
    }
    if (*seconds < 0 || *seconds > latest_instant_) {
      return BreakNone(place,
                       "an instant between 1970-01-01 and one day ahead of the server's clock");
    }
    return seconds;
  }

  template <typename Place>
  std::nullopt_t BreakNone(Place place, const std::string& wanted) {
    Break<int>(place, wanted);
    return std::nullopt;
  }

  template <typename Place>
  void AddBroken(Place place, const std::string& phrase, const std::string& wanted) {
    const std::string name(Spec(place).name);
    broken_.push_back({static_cast<size_t>(place), absl::StrCat(name, ": ", phrase), wanted});
  }

  std::span<const Column> columns_;
  const RawRow& row_;
  int64_t latest_instant_;
  std::vector<BrokenColumn> broken_;
};

}  // namespace

CheckedRow<Customer> CheckCustomer(const RawRow& row, int64_t now_seconds) {
  using Place = CustomerColumn;
  ColumnReader reader(DataSource::kCustomers, row, now_seconds);
  CheckedRow<Customer> checked;
  Customer& customer = checked.record;
  customer.customer_id = reader.Text(Place::kCustomerId);
  customer.name = reader.Text(Place::kName);
  customer.email = reader.Text(Place::kEmail);
  customer.signup_date = reader.Instant(Place::kSignupDate);
  customer.country = reader.Text(Place::kCountry);
  customer.customer_segment = reader.Text(Place::kCustomerSegment);
  customer.acquisition_source = reader.Text(Place::kAcquisitionSource);
  customer.active = reader.Flag(Place::kActive).value_or(true);
  customer.created_at = reader.Instant(Place::kCreatedAt);
  checked.broken = reader.TakeBroken();
  return checked;
}

std::vector<BrokenColumn> CheckPurchase(const RawRow& row, int64_t now_seconds,
                                        PurchaseView* record) {
  using Place = PurchaseColumn;
  ColumnReader reader(DataSource::kPurchases, row, now_seconds);
  PurchaseView& purchase = *record;
  purchase.purchase_id = reader.Text(Place::kPurchaseId);
  purchase.customer_id = reader.Text(Place::kCustomerId);
  purchase.purchase_amount_micros = reader.Money(Place::kPurchaseAmount);
  purchase.purchase_date = reader.Instant(Place::kPurchaseDate).value_or(0);
  purchase.product_id = reader.Text(Place::kProductId);
  purchase.product_name = reader.Text(Place::kProductName);
  purchase.product_category = reader.Text(Place::kProductCategory);
  purchase.payment_method = reader.Text(Place::kPaymentMethod);
  purchase.currency = reader.Currency(Place::kCurrency);
  purchase.created_at = reader.Instant(Place::kCreatedAt);
  purchase.order_id = reader.Text(Place::kOrderId);
  if (purchase.order_id.empty()) purchase.order_id = purchase.purchase_id;
  return reader.TakeBroken();
}

CheckedRow<Purchase> CheckPurchase(const RawRow& row, int64_t now_seconds) {
  PurchaseView record;
  CheckedRow<Purchase> checked;
  checked.broken = CheckPurchase(row, now_seconds, &record);
  checked.record = PurchaseOf(record);
  return checked;
}

CheckedRow<ImportedClv> CheckImportedClv(const RawRow& row, int64_t now_seconds) {
  using Place = ImportedClvColumn;
  ColumnReader reader(DataSource::kCustomerClv, row, now_seconds);
  CheckedRow<ImportedClv> checked;
  ImportedClv& clv = checked.record;
  clv.customer_id = reader.Text(Place::kCustomerId);
  clv.total_spend_micros = reader.Money(Place::kTotalSpend);
  clv.purchase_count = reader.Count(Place::kPurchaseCount);
  const std::optional<int64_t> first = reader.Instant(Place::kFirstPurchaseDate);
  const std::optional<int64_t> last = reader.Instant(Place::kLastPurchaseDate);
  clv.customer_segment = reader.Text(Place::kCustomerSegment);
  clv.country = reader.Text(Place::kCountry);
  clv.acquisition_source = reader.Text(Place::kAcquisitionSource);
  const std::optional<int64_t> updated = reader.Instant(Place::kUpdatedAt);
  if (first.has_value() && last.has_value() && *first > *last) {
    reader.Break<int>(Place::kFirstPurchaseDate, "an instant not after last_purchase_date");
  }
  if (last.has_value() && updated.has_value() && *last > *updated) {
    reader.Break<int>(Place::kLastPurchaseDate, "an instant not after updated_at");
  }
  clv.first_purchase_date = first.value_or(0);
  clv.last_purchase_date = last.value_or(0);
  clv.updated_at = updated.value_or(0);
  checked.broken = reader.TakeBroken();
  return checked;
}

}  // namespace clv::domain
