// services/query/projection/population_places.h: places of customers in kept orders.
#ifndef CLV_SERVICES_QUERY_PROJECTION_POPULATION_PLACES_H_
#define CLV_SERVICES_QUERY_PROJECTION_POPULATION_PLACES_H_

#include <cstdint>

namespace clv::query {

// A customer's place in the order of total spend.
struct SpendPlace {
  int64_t spend_micros = 0;
  uint32_t number = 0;
  uint32_t attribute_set = 0;  // no part of the order

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

  bool operator==(const DatedCustomer&) const = default;
  bool operator<(const DatedCustomer& other) const {
    return date != other.date ? date < other.date : number < other.number;
  }
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_POPULATION_PLACES_H_
