// tests/properties/commands.h: random conditions, and the commands that take them, as clients give
// them.
#ifndef CLV_TESTS_PROPERTIES_COMMANDS_H_
#define CLV_TESTS_PROPERTIES_COMMANDS_H_

#include <string>

#include "clv/v1/job.pb.h"
#include "tests/model/condition.h"
#include "tests/properties/dice.h"
#include "tests/properties/histories.h"
#include "tests/properties/suite_fixture.h"

namespace clv::properties {

// A condition on rows of a data source that often meets some rows of the history.
model::Condition RandomCondition(const std::string& data_source, const History& history, Dice* dice,
                                 int depth = 0);

// Give a command with the admin token, and wait for the end of its job; one that fails fails the
// test. `condition`: as text, "" for all rows.
v1::Job DeleteRows(const RunningSuite& suite, const std::string& data_source,
                   const std::string& condition);
v1::Job Truncate(const RunningSuite& suite, const std::string& data_source);
v1::Job EraseCustomer(const RunningSuite& suite, const std::string& customer_id);

// How many rows would be deleted.
int64_t CountRows(const RunningSuite& suite, const std::string& data_source,
                  const std::string& condition);

// Replaces rows by those of an NDJSON file, sent in pieces of random length. The job's counts are
// those of the answer.
v1::Job Replace(const RunningSuite& suite, const std::string& data_source,
                const std::string& condition, const std::string& file, Dice* dice);

}  // namespace clv::properties

#endif  // CLV_TESTS_PROPERTIES_COMMANDS_H_
