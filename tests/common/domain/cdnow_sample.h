// tests/common/domain/cdnow_sample.h: the CDNOW sample (2357 customers of 1997's first quarter, all
// their orders until June 1998), where it is at hand.
#ifndef CLV_TESTS_COMMON_DOMAIN_CDNOW_SAMPLE_H_
#define CLV_TESTS_COMMON_DOMAIN_CDNOW_SAMPLE_H_

#include <cstdint>
#include <optional>

#include "common/domain/order_histories.h"

namespace clv::domain {

// 1997-09-30, the end of the usual 39 weeks of calibration, and 1998-06-30, that of the data.
inline constexpr int32_t kCdnowCut = 10'134;
inline constexpr int32_t kCdnowEnd = 10'407;

// Reads CDNOW_sample.txt.gz from CLV_SHARED_DATA, else from ../shared/data beside the source tree;
// absent when it is not there.
std::optional<OrderHistories> ReadCdnow();

}  // namespace clv::domain

#endif  // CLV_TESTS_COMMON_DOMAIN_CDNOW_SAMPLE_H_
