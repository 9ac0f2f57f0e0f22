// common/wire/record_codec.h: between the records of the domain and their protobuf messages.
#ifndef CLV_COMMON_WIRE_RECORD_CODEC_H_
#define CLV_COMMON_WIRE_RECORD_CODEC_H_

#include "clv/v1/customer.pb.h"
#include "clv/v1/customer_clv.pb.h"
#include "clv/v1/purchase.pb.h"
#include "common/domain/raw_row.h"
#include "common/domain/records.h"

namespace clv::wire {

// The message of a record. Absent values are not set; `order_id` is left out where it equals
// `purchase_id`.
v1::Customer ToProto(const domain::Customer& customer);
v1::Purchase ToProto(const domain::Purchase& purchase);
v1::CustomerClv ToProto(const domain::ImportedClv& clv);

// The record of a message that keeps the rules of its data source, such as one that ToProto made;
// nothing is checked. Nanoseconds are cut off, defaults filled in.
domain::Customer FromProto(const v1::Customer& customer);
domain::Purchase FromProto(const v1::Purchase& purchase);
domain::ImportedClv FromProto(const v1::CustomerClv& clv);

// The values of a message that a client sent, for common/domain/row_rules.h. Views of the message,
// which must outlive the result.
domain::RawRow ToRawRow(const v1::Customer& customer);
domain::RawRow ToRawRow(const v1::Purchase& purchase);
domain::RawRow ToRawRow(const v1::CustomerClv& clv);

}  // namespace clv::wire

#endif  // CLV_COMMON_WIRE_RECORD_CODEC_H_
