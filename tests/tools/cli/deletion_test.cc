#include "tools/cli/deletion.h"

#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/tools/cli/fake_server.h"

namespace clv::cli {
namespace {

// Answers dry runs with 3 rows, and everything else with a job that is done.
FakeServer::Answer DeletionAnswer(const FakeServer::Request& request) {
  if (request.body.find("dryRun") != std::string::npos) {
    return {.body = R"({"rowsToBeDeleted":"3"})"};
  }
  return {.body = R"({"job":{"jobId":"job_1","state":"JOB_STATE_DONE","removedRows":"3"}})"};
}

std::vector<std::string> Targets(const FakeServer& fake) {
  std::vector<std::string> targets;
  for (const FakeServer::Request& request : fake.requests()) {
    targets.push_back(request.target);
  }
  return targets;
}

const DeleteOptions kOptions = {.data_source = "purchases", .condition = "order_id = \"x'\\\""};

TEST(DeletionTest, CountsAsksAndDeletes) {
  FakeServer fake(&DeletionAnswer);
  std::istringstream input("Yes\n");
  ASSERT_TRUE(RunDelete(fake.server(), kOptions, input).ok());
  EXPECT_EQ(Targets(fake),
            (std::vector<std::string>{"/v1/dataSources/purchases:deleteRows",
                                      "/v1/dataSources/purchases:deleteRows", "/v1/jobs/job_1"}));
  EXPECT_EQ(fake.requests()[0].body, R"({"deleteCondition":"order_id = \"x'\\\"","dryRun":true})");
  EXPECT_EQ(fake.requests()[1].body, R"({"deleteCondition":"order_id = \"x'\\\""})");
}

TEST(DeletionTest, ADryRunOnlyCounts) {
  FakeServer fake(&DeletionAnswer);
  std::istringstream input;
  DeleteOptions options = kOptions;
  options.dry_run = true;
  EXPECT_TRUE(RunDelete(fake.server(), options, input).ok());
  EXPECT_EQ(fake.requests().size(), 1u);
}

TEST(DeletionTest, ANoRemovesNothing) {
  FakeServer fake(&DeletionAnswer);
  for (const char* answer : {"no\n", "\n", "yess\n"}) {
    std::istringstream input(answer);
    EXPECT_EQ(RunDelete(fake.server(), kOptions, input).code(), absl::StatusCode::kCancelled);
    std::istringstream again(answer);
    EXPECT_EQ(RunTruncate(fake.server(), {.data_source = "purchases"}, again).code(),
              absl::StatusCode::kCancelled);
  }
  for (const FakeServer::Request& request : fake.requests()) {
    EXPECT_NE(request.body.find("dryRun"), std::string::npos);
  }
}

TEST(DeletionTest, WithoutAnybodyToAskItWantsYes) {
  FakeServer fake(&DeletionAnswer);
  std::istringstream nobody;
  EXPECT_EQ(RunDelete(fake.server(), kOptions, nobody).code(), absl::StatusCode::kInvalidArgument);
  DeleteOptions options = kOptions;
  options.yes = true;
  EXPECT_TRUE(RunDelete(fake.server(), options, nobody).ok());
  EXPECT_TRUE(
      RunTruncate(fake.server(), {.data_source = "customers_quarantine", .yes = true}, nobody)
          .ok());
  EXPECT_EQ(fake.requests()[fake.requests().size() - 2].target,
            "/v1/dataSources/customers_quarantine:truncate");
}

TEST(DeletionTest, ABadConditionIsRefusedBeforeAnybodyIsAsked) {
  FakeServer fake([](const FakeServer::Request&) -> FakeServer::Answer {
    return {.status = 400, .body = R"({"code":3,"message":"delete_condition: at byte 0: ..."})"};
  });
  std::istringstream nobody;
  EXPECT_EQ(RunDelete(fake.server(), kOptions, nobody).message(),
            "HTTP 400: delete_condition: at byte 0: ...");
}

}  // namespace
}  // namespace clv::cli
