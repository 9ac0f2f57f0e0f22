#ifndef CLV_TESTS_MODEL_CONDITION_H_
#define CLV_TESTS_MODEL_CONDITION_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/model/row_parsing.h"

// Conditions on rows, as deletion and replacement take them: how one is written, and whether a row
// meets it, computed without the suite's code. A comparison with an absent value is unknown.

namespace clv::model {

struct Condition {
  // "and", "or", "not", "null", or a comparison: "=", "!=", "<", "<=", ">", ">=".
  std::string word;
  std::vector<Condition> operands;
  std::string column;
  std::string text;  // The literal: a text, a decimal, an instant.
};

// As clients write it.
std::string TextOf(const std::string& data_source, const Condition& condition);

bool IsMetBy(const Condition& condition, const CustomerRow& row);
bool IsMetBy(const Condition& condition, const PurchaseRow& row);
bool IsMetBy(const Condition& condition, const ClvRow& row);

// What a column of a data source holds: 't' text, 'i' instant, 'm' money, 'n' integer, 'f' flag.
struct ColumnKind {
  std::string name;
  char kind;
};
const std::vector<ColumnKind>& ColumnKinds(const std::string& data_source);

}  // namespace clv::model

#endif  // CLV_TESTS_MODEL_CONDITION_H_
