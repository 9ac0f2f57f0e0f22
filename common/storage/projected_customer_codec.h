// common/storage/projected_customer_codec.h: projected customers in few bytes, for the way from who
// folds to who keeps copies.
#ifndef CLV_COMMON_STORAGE_PROJECTED_CUSTOMER_CODEC_H_
#define CLV_COMMON_STORAGE_PROJECTED_CUSTOMER_CODEC_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/base/byte_codec.h"
#include "common/storage/projected_customer.h"

namespace clv::storage {

// Appends one customer, about 6 bytes an order and 80 besides.
void PackCustomer(const ProjectedCustomer& customer, ByteWriter* bytes);

// Reads the next one over `customer`; DATA_LOSS when the bytes are none.
absl::Status UnpackCustomer(ByteReader* bytes, ProjectedCustomer* customer);

}  // namespace clv::storage

#endif  // CLV_COMMON_STORAGE_PROJECTED_CUSTOMER_CODEC_H_
