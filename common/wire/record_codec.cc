#include "common/wire/record_codec.h"

#include <google/protobuf/timestamp.pb.h>

#include <optional>
#include <string>

#include "common/wire/record_fields.h"

namespace clv::wire {
namespace {

using domain::RawRow;
using domain::RawValue;
using google::protobuf::Timestamp;

std::optional<int64_t> SecondsOf(bool is_set, const Timestamp& timestamp) {
  return is_set ? std::optional<int64_t>(timestamp.seconds()) : std::nullopt;
}

// A text that is empty and one that is not there are the same in proto3.
RawValue RawText(const std::string& text) {
  return text.empty() ? RawValue() : RawValue::Text(text);
}

RawValue RawInstant(bool is_set, const Timestamp& timestamp) {
  return is_set ? RawValue::Instant(timestamp.seconds()) : RawValue();
}

}  // namespace

v1::Customer ToProto(const domain::Customer& customer) {
  v1::Customer proto;
  SetFields(customer, proto);
  return proto;
}

v1::Purchase ToProto(const domain::Purchase& purchase) {
  v1::Purchase proto;
  SetFields(purchase, proto);
  return proto;
}

v1::CustomerClv ToProto(const domain::ImportedClv& clv) {
  v1::CustomerClv proto;
  SetFields(clv, proto);
  return proto;
}

domain::Customer FromProto(const v1::Customer& proto) {
  return {.customer_id = proto.customer_id(),
          .name = proto.name(),
          .email = proto.email(),
          .signup_date = SecondsOf(proto.has_signup_date(), proto.signup_date()),
          .country = proto.country(),
          .customer_segment = proto.customer_segment(),
          .acquisition_source = proto.acquisition_source(),
          .active = !proto.has_active() || proto.active(),
          .created_at = SecondsOf(proto.has_created_at(), proto.created_at())};
}

domain::Purchase FromProto(const v1::Purchase& proto) {
  return {.purchase_id = proto.purchase_id(),
          .customer_id = proto.customer_id(),
          .order_id = proto.order_id().empty() ? proto.purchase_id() : proto.order_id(),
          .purchase_amount_micros = proto.purchase_amount_micros(),
          .purchase_date = proto.purchase_date().seconds(),
          .currency = proto.currency(),
          .product_id = proto.product_id(),
          .product_name = proto.product_name(),
          .product_category = proto.product_category(),
          .payment_method = proto.payment_method(),
          .created_at = SecondsOf(proto.has_created_at(), proto.created_at())};
}

domain::ImportedClv FromProto(const v1::CustomerClv& proto) {
  return {.customer_id = proto.customer_id(),
          .total_spend_micros = proto.total_spend_micros(),
          .purchase_count = proto.purchase_count(),
          .first_purchase_date = proto.first_purchase_date().seconds(),
          .last_purchase_date = proto.last_purchase_date().seconds(),
          .customer_segment = proto.customer_segment(),
          .country = proto.country(),
          .acquisition_source = proto.acquisition_source(),
          .updated_at = proto.updated_at().seconds()};
}

RawRow ToRawRow(const v1::Customer& proto) {
  using Place = domain::CustomerColumn;
  RawRow row;
  row[Place::kCustomerId] = RawText(proto.customer_id());
  row[Place::kName] = RawText(proto.name());
  row[Place::kEmail] = RawText(proto.email());
  row[Place::kSignupDate] = RawInstant(proto.has_signup_date(), proto.signup_date());
  row[Place::kCountry] = RawText(proto.country());
  row[Place::kCustomerSegment] = RawText(proto.customer_segment());
  row[Place::kAcquisitionSource] = RawText(proto.acquisition_source());
  if (proto.has_active()) row[Place::kActive] = RawValue::Flag(proto.active());
  row[Place::kCreatedAt] = RawInstant(proto.has_created_at(), proto.created_at());
  return row;
}

RawRow ToRawRow(const v1::Purchase& proto) {
  using Place = domain::PurchaseColumn;
  RawRow row;
  row[Place::kPurchaseId] = RawText(proto.purchase_id());
  row[Place::kCustomerId] = RawText(proto.customer_id());
  if (proto.has_purchase_amount_micros()) {
    row[Place::kPurchaseAmount] = RawValue::Micros(proto.purchase_amount_micros());
  }
  row[Place::kPurchaseDate] = RawInstant(proto.has_purchase_date(), proto.purchase_date());
  row[Place::kProductId] = RawText(proto.product_id());
  row[Place::kProductName] = RawText(proto.product_name());
  row[Place::kProductCategory] = RawText(proto.product_category());
  row[Place::kPaymentMethod] = RawText(proto.payment_method());
  row[Place::kCurrency] = RawText(proto.currency());
  row[Place::kCreatedAt] = RawInstant(proto.has_created_at(), proto.created_at());
  row[Place::kOrderId] = RawText(proto.order_id());
  return row;
}

RawRow ToRawRow(const v1::CustomerClv& proto) {
  using Place = domain::ImportedClvColumn;
  RawRow row;
  row[Place::kCustomerId] = RawText(proto.customer_id());
  if (proto.has_total_spend_micros())
    row[Place::kTotalSpend] = RawValue::Micros(proto.total_spend_micros());
  if (proto.has_purchase_count())
    row[Place::kPurchaseCount] = RawValue::Integer(proto.purchase_count());
  row[Place::kFirstPurchaseDate] =
      RawInstant(proto.has_first_purchase_date(), proto.first_purchase_date());
  row[Place::kLastPurchaseDate] =
      RawInstant(proto.has_last_purchase_date(), proto.last_purchase_date());
  row[Place::kCustomerSegment] = RawText(proto.customer_segment());
  row[Place::kCountry] = RawText(proto.country());
  row[Place::kAcquisitionSource] = RawText(proto.acquisition_source());
  row[Place::kUpdatedAt] = RawInstant(proto.has_updated_at(), proto.updated_at());
  return row;
}

}  // namespace clv::wire
