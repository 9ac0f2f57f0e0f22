#include "tests/common/domain/cdnow_sample.h"

#include <zlib.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <vector>

namespace clv::domain {

std::optional<OrderHistories> ReadCdnow() {
  const char* directory = std::getenv("CLV_SHARED_DATA");
  const std::string path =
      std::string(directory != nullptr ? directory : CLV_SOURCE_DIR "/../shared/data") +
      "/CDNOW_sample.txt.gz";
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return std::nullopt;
  std::map<int, std::map<int32_t, int64_t>> customers;
  char line[200];
  while (gzgets(file, line, sizeof(line)) != nullptr) {
    int master_id = 0;
    int sample_id = 0;
    int year = 0;
    int month = 0;
    int day = 0;
    int items = 0;
    double amount = 0;
    if (std::sscanf(line, "%d %d %4d%2d%2d %d %lf", &master_id, &sample_id, &year, &month, &day,
                    &items, &amount) != 7) {
      continue;
    }
    std::tm date = {};
    date.tm_year = year - 1900;
    date.tm_mon = month - 1;
    date.tm_mday = day;
    const auto days = static_cast<int32_t>(timegm(&date) / 86400);
    customers[sample_id][days] += std::llround(amount * 1e6);
  }
  gzclose(file);
  OrderHistories orders;
  for (const auto& [id, values] : customers) {
    std::vector<OrderDay> days;
    for (const auto& [day, micros] : values) days.push_back({day, micros});
    orders.Add(days);
  }
  return orders;
}

}  // namespace clv::domain
