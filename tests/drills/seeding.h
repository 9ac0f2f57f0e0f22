// tests/drills/seeding.h: switches a seeded bug on. A program that links it can be given the bugs
// of common/base/seeded_bugs.h; name it first among the libraries.
#ifndef CLV_TESTS_DRILLS_SEEDING_H_
#define CLV_TESTS_DRILLS_SEEDING_H_

#include "common/base/seeded_bugs.h"

namespace clv::drills {

// The code has the bug while this lives. One at a time.
class Seeding {
 public:
  explicit Seeding(SeededBug bug);
  ~Seeding();
  Seeding(const Seeding&) = delete;
  Seeding& operator=(const Seeding&) = delete;
};

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_SEEDING_H_
