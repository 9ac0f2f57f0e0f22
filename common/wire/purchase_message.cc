#include "common/wire/purchase_message.h"

#include <optional>

#include "common/base/byte_codec.h"
#include "common/base/utf8.h"
#include "common/wire/record_codec.h"

namespace clv::wire {
namespace {

using domain::RawRow;
using domain::RawValue;
using Place = domain::PurchaseColumn;

// A field's number and wire type as the byte before it. Source: protobuf's encoding guide.
constexpr uint8_t Varint(int field) { return static_cast<uint8_t>(field << 3); }
constexpr uint8_t Delimited(int field) { return static_cast<uint8_t>(field << 3 | 2); }

// Nothing: not a plain timestamp.
std::optional<int64_t> PlainSeconds(std::string_view message) {
  using google::protobuf::Timestamp;
  ByteReader reader(message);
  int64_t seconds = 0;
  while (!reader.at_end()) {
    switch (reader.Byte()) {
      case Varint(Timestamp::kSecondsFieldNumber):
        seconds = static_cast<int64_t>(reader.Number());
        break;
      case Varint(Timestamp::kNanosFieldNumber):
        reader.Number();
        break;
      default:
        return std::nullopt;
    }
  }
  if (!reader.ok()) return std::nullopt;
  return seconds;
}

// The row of a message with known fields only, each in its short form and no instant twice.
bool ReadPlain(std::string_view message, RawRow* row) {
  using v1::Purchase;
  ByteReader reader(message);
  bool is_plain = true;
  const auto read_text = [&](Place place) {
    const std::string_view text = reader.Text();
    is_plain &= IsValidUtf8(text);
    (*row)[place] = text.empty() ? RawValue() : RawValue::Text(text);
  };
  const auto read_instant = [&](Place place) {
    const std::optional<int64_t> seconds = PlainSeconds(reader.Text());
    // Of two the second is merged into the first.
    is_plain &= seconds.has_value() && (*row)[place].kind == RawValue::Kind::kAbsent;
    (*row)[place] = RawValue::Instant(seconds.value_or(0));
  };
  while (is_plain && !reader.at_end()) {
    switch (reader.Byte()) {
      case Delimited(Purchase::kPurchaseIdFieldNumber):
        read_text(Place::kPurchaseId);
        break;
      case Delimited(Purchase::kCustomerIdFieldNumber):
        read_text(Place::kCustomerId);
        break;
      case Varint(Purchase::kPurchaseAmountMicrosFieldNumber):
        (*row)[Place::kPurchaseAmount] = RawValue::Micros(static_cast<int64_t>(reader.Number()));
        break;
      case Delimited(Purchase::kPurchaseDateFieldNumber):
        read_instant(Place::kPurchaseDate);
        break;
      case Delimited(Purchase::kProductIdFieldNumber):
        read_text(Place::kProductId);
        break;
      case Delimited(Purchase::kProductNameFieldNumber):
        read_text(Place::kProductName);
        break;
      case Delimited(Purchase::kProductCategoryFieldNumber):
        read_text(Place::kProductCategory);
        break;
      case Delimited(Purchase::kPaymentMethodFieldNumber):
        read_text(Place::kPaymentMethod);
        break;
      case Delimited(Purchase::kCurrencyFieldNumber):
        read_text(Place::kCurrency);
        break;
      case Delimited(Purchase::kCreatedAtFieldNumber):
        read_instant(Place::kCreatedAt);
        break;
      case Delimited(Purchase::kOrderIdFieldNumber):
        read_text(Place::kOrderId);
        break;
      default:
        return false;
    }
  }
  return is_plain && reader.ok();
}

}  // namespace

bool PurchaseMessageReader::Read(std::string_view message, RawRow* row) {
  *row = {};
  if (ReadPlain(message, row)) return true;
  if (!unusual_.ParseFromArray(message.data(), static_cast<int>(message.size()))) return false;
  *row = ToRawRow(unusual_);
  return true;
}

}  // namespace clv::wire
