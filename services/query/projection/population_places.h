// services/query/projection/population_places.h: places of customers in kept orders.
#ifndef CLV_SERVICES_QUERY_PROJECTION_POPULATION_PLACES_H_
#define CLV_SERVICES_QUERY_PROJECTION_POPULATION_PLACES_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "services/query/projection/packed_bucket.h"

namespace clv::query {

// A customer's place in the order of total spend.
struct SpendPlace {
  int64_t spend_micros = 0;
  uint32_t number = 0;
  uint32_t attribute_set = 0;  // no part of the order

  static constexpr size_t kFields = 3;
  std::array<uint64_t, kFields> Fields() const {
    return {OrderedBits(spend_micros), number, attribute_set};
  }
  static SpendPlace OfFields(const std::array<uint64_t, kFields>& fields) {
    return {OfOrderedBits(fields[0]), static_cast<uint32_t>(fields[1]),
            static_cast<uint32_t>(fields[2])};
  }

  bool operator==(const SpendPlace&) const = default;
  bool operator<(const SpendPlace& other) const {
    return spend_micros != other.spend_micros ? spend_micros < other.spend_micros
                                              : number < other.number;
  }
};

// A customer's place in an order by some date.
struct DatedCustomer {
  uint32_t date = 0;
  uint32_t number = 0;

  static constexpr size_t kFields = 2;
  std::array<uint64_t, kFields> Fields() const { return {date, number}; }
  static DatedCustomer OfFields(const std::array<uint64_t, kFields>& fields) {
    return {static_cast<uint32_t>(fields[0]), static_cast<uint32_t>(fields[1])};
  }

  bool operator==(const DatedCustomer&) const = default;
  bool operator<(const DatedCustomer& other) const {
    return date != other.date ? date < other.date : number < other.number;
  }
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_POPULATION_PLACES_H_
