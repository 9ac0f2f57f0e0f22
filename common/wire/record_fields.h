// common/wire/record_fields.h: filling a message from a record, in place (on an arena or inside a
// larger message).
#ifndef CLV_COMMON_WIRE_RECORD_FIELDS_H_
#define CLV_COMMON_WIRE_RECORD_FIELDS_H_

#include "clv/v1/customer.pb.h"
#include "clv/v1/customer_clv.pb.h"
#include "clv/v1/purchase.pb.h"
#include "common/domain/records.h"

namespace clv::wire {

// Fill an empty message; see ToProto in record_codec.h. They are the one place of out-parameters: a
// message of an arena cannot be returned.
void SetFields(const domain::Customer& customer, v1::Customer& proto);
void SetFields(const domain::Purchase& purchase, v1::Purchase& proto);
void SetFields(const domain::ImportedClv& clv, v1::CustomerClv& proto);

}  // namespace clv::wire

#endif  // CLV_COMMON_WIRE_RECORD_FIELDS_H_
