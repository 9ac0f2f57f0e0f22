// tests/drills/found.h: what a drill saw.
#ifndef CLV_TESTS_DRILLS_FOUND_H_
#define CLV_TESTS_DRILLS_FOUND_H_

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace clv::drills {

struct Found {
  int checks = 0;  // directories opened and checked
  int breaches = 0;
  uint64_t rows = 0;  // acknowledged before, in all of them
  std::string first;  // breach

  void Add(const std::string& breach, uint64_t acknowledged_rows) {
    ++checks;
    rows += acknowledged_rows;
    if (breach.empty()) return;
    if (breaches++ == 0) first = breach;
  }
};

// "120 images, 4711 rows acknowledged, 0 breaches".
inline std::ostream& operator<<(std::ostream& out, const Found& found) {
  return out << found.checks << " checks, " << found.rows << " rows acknowledged, "
             << found.breaches << " breaches";
}

// How often a drill runs: `usual`, or with CLV_TEST_LONG=1 `thorough`.
inline int Times(int usual, int thorough) {
  const char* value = std::getenv("CLV_TEST_LONG");
  return value != nullptr && std::string(value) == "1" ? thorough : usual;
}

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_FOUND_H_
