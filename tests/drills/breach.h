// tests/drills/breach.h: whether a data directory keeps the promises.
#ifndef CLV_TESTS_DRILLS_BREACH_H_
#define CLV_TESTS_DRILLS_BREACH_H_

#include <map>
#include <string>
#include <vector>

#include "common/storage/storage.h"
#include "tests/drills/requests.h"
#include "tests/drills/site.h"

namespace clv::drills {

// What clients know: the requests by their place in the log, which is the index plus one.
class Book {
 public:
  explicit Book(std::vector<const Request*> in_log_order)
      : in_log_order_(std::move(in_log_order)) {}

  size_t size() const { return in_log_order_.size(); }
  const Request& at(storage::LogPosition position) const { return *in_log_order_[position - 1]; }

  // Rows of the requests up to `last`.
  uint64_t RowsUntil(storage::LogPosition last) const;

  // What must be there when the log ends at `last`.
  const Expectation& Until(storage::LogPosition last);

 private:
  std::vector<const Request*> in_log_order_;
  std::map<storage::LogPosition, Expectation> expectations_;
};

// What is broken in a directory that some process left; empty when every promise is kept: all up to
// `acknowledged` is there, nothing is there twice or in part, what is not folded folds, and all
// values are those of the naive model, of the facts and, where it is whole, of the log. Opens the
// directory as the programs do.
std::string Breach(const std::string& directory, Book& book, storage::LogPosition acknowledged);

}  // namespace clv::drills

#endif  // CLV_TESTS_DRILLS_BREACH_H_
