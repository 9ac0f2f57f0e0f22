// tests/properties/questions.h: random questions to the seven endpoints.
#ifndef CLV_TESTS_PROPERTIES_QUESTIONS_H_
#define CLV_TESTS_PROPERTIES_QUESTIONS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/properties/histories.h"

namespace clv::properties {

// A question to an endpoint, its parameters decoded.
struct Question {
  std::string endpoint;
  std::multimap<std::string, std::string> parameters;

  // For failure messages, and what goes into the URL after `?` (percent-encoded).
  std::string QueryString() const;
};

// One question of every kind: each endpoint, view, level, mode and granularity, with random other
// parameters. `thorough`: the whole product of retention's choices and every sort.
std::vector<Question> RandomQuestions(uint64_t seed, const History& history, bool thorough);

// The seven endpoints.
const std::vector<std::string>& Endpoints();

}  // namespace clv::properties

#endif  // CLV_TESTS_PROPERTIES_QUESTIONS_H_
