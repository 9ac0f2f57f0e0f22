#include "common/wire/record_fields.h"

namespace clv::wire {

void SetFields(const domain::Customer& customer, v1::Customer& proto) {
  proto.set_customer_id(customer.customer_id);
  if (!customer.name.empty()) proto.set_name(customer.name);
  if (!customer.email.empty()) proto.set_email(customer.email);
  if (customer.signup_date.has_value())
    proto.mutable_signup_date()->set_seconds(*customer.signup_date);
  if (!customer.country.empty()) proto.set_country(customer.country);
  if (!customer.customer_segment.empty()) proto.set_customer_segment(customer.customer_segment);
  if (!customer.acquisition_source.empty())
    proto.set_acquisition_source(customer.acquisition_source);
  proto.set_active(customer.active);
  if (customer.created_at.has_value())
    proto.mutable_created_at()->set_seconds(*customer.created_at);
}

void SetFields(const domain::Purchase& purchase, v1::Purchase& proto) {
  proto.set_purchase_id(purchase.purchase_id);
  proto.set_customer_id(purchase.customer_id);
  proto.set_purchase_amount_micros(purchase.purchase_amount_micros);
  proto.mutable_purchase_date()->set_seconds(purchase.purchase_date);
  if (!purchase.product_id.empty()) proto.set_product_id(purchase.product_id);
  if (!purchase.product_name.empty()) proto.set_product_name(purchase.product_name);
  if (!purchase.product_category.empty()) proto.set_product_category(purchase.product_category);
  if (!purchase.payment_method.empty()) proto.set_payment_method(purchase.payment_method);
  if (!purchase.currency.empty()) proto.set_currency(purchase.currency);
  if (purchase.created_at.has_value())
    proto.mutable_created_at()->set_seconds(*purchase.created_at);
  if (purchase.order_id != purchase.purchase_id) proto.set_order_id(purchase.order_id);
}

void SetFields(const domain::ImportedClv& clv, v1::CustomerClv& proto) {
  proto.set_customer_id(clv.customer_id);
  proto.set_total_spend_micros(clv.total_spend_micros);
  proto.set_purchase_count(clv.purchase_count);
  proto.mutable_first_purchase_date()->set_seconds(clv.first_purchase_date);
  proto.mutable_last_purchase_date()->set_seconds(clv.last_purchase_date);
  if (!clv.customer_segment.empty()) proto.set_customer_segment(clv.customer_segment);
  if (!clv.country.empty()) proto.set_country(clv.country);
  if (!clv.acquisition_source.empty()) proto.set_acquisition_source(clv.acquisition_source);
  proto.mutable_updated_at()->set_seconds(clv.updated_at);
}

}  // namespace clv::wire
