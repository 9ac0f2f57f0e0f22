// services/query/projection/projection_size.h: how much a projection holds.
#ifndef CLV_SERVICES_QUERY_PROJECTION_PROJECTION_SIZE_H_
#define CLV_SERVICES_QUERY_PROJECTION_PROJECTION_SIZE_H_

#include <cstdint>

namespace clv::query {

// Of the newest version; all 0 while there is none.
struct ProjectionSize {
  uint64_t versions = 0;   // made since the start
  uint64_t customers = 0;  // removed ones included, until all is made anew
  uint64_t orders = 0;
  uint64_t memory_bytes = 0;    // about; versions share most of it
  uint64_t snapshot_bytes = 0;  // of the file; 0: there is none
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_PROJECTION_SIZE_H_
