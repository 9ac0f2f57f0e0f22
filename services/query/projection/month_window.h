// services/query/projection/month_window.h: windows of whole months, of which the cube tells the
// sums.
#ifndef CLV_SERVICES_QUERY_PROJECTION_MONTH_WINDOW_H_
#define CLV_SERVICES_QUERY_PROJECTION_MONTH_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "services/query/projection/customer_chunk.h"
#include "services/query/projection/period_table.h"
#include "services/query/projection/report_view.h"
#include "services/query/projection/retention_cube.h"

namespace clv::query {

// Who has a qualifying order in a window mostly follows from his first and last one, and what all
// of them spent in whole months from the cube: the orders of few customers need be read. The view
// outlives it. Immutable.
class MonthWindow {
 public:
  // Absent where the view's window does not begin with a month, or ends within one before the
  // horizon; where something that is known is not visible at as_of; and where the cube does not
  // tell of attribute sets.
  static std::optional<MonthWindow> Of(const ReportView& view);

  // Of orders dated inside the window.
  struct Sums {
    __int128 value_micros = 0;
    int64_t orders = 0;  // qualifying

    bool operator==(const Sums&) const = default;
    Sums& operator+=(const Sums& more) {
      value_micros += more.value_micros;
      orders += more.orders;
      return *this;
    }
    Sums operator-(const Sums& less) const {
      return {value_micros - less.value_micros, orders - less.orders};
    }
  };

  // What the cube tells of the customers with an attribute set, selected or not.
  Sums OfSet(uint32_t set) const;

  // Of some customers of a chunk, a bit for each index, all of the population, those with a
  // qualifying order inside. Calls `correct(i, sums)` with what is to be added to OfSet, so that it
  // tells of the orders of these alone.
  template <typename Correct>
  CustomerBits Select(const CustomerChunk& chunk, CustomerBits some, const Correct& correct) const {
    const Places places = Look(chunk);
    CustomerBits inside = some & places.inside;
    const CustomerBits unknown = some & places.unknown;
    chunk.ForEachWithOrders(unknown, [&](size_t i) {
      const ReadOrders orders = Read(chunk, i);
      const bool is_inside = orders.inside.orders > 0;
      inside |= CustomerBits{is_inside} << i;
      const Sums wanted = is_inside ? orders.inside : Sums();
      if (wanted != orders.in_cube) correct(i, wanted - orders.in_cube);
    });
    return inside;
  }

 private:
  // What the columns say. Inside: who has a qualifying order there, and of whom the cube tells all
  // orders there. Unknown: whose orders must be read. The others have none at all there.
  struct Places {
    CustomerBits inside = 0;
    CustomerBits unknown = 0;
  };
  Places Look(const CustomerChunk& chunk) const;

  struct ReadOrders {
    Sums inside;
    Sums in_cube;
  };
  ReadOrders Read(const CustomerChunk& chunk, size_t i) const;

  MonthWindow(const RetentionCube& cube, uint32_t first_date, uint32_t last_date);

  const RetentionCube* cube_;
  const PeriodTable* months_;
  uint32_t first_date_;
  uint32_t last_date_;
  uint32_t first_month_;  // relative numbers
  uint32_t last_month_;
};

}  // namespace clv::query

#endif  // CLV_SERVICES_QUERY_PROJECTION_MONTH_WINDOW_H_
