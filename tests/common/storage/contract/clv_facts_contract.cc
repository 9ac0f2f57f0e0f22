// What deletion, erasure and ingest's looks at the facts ask of a store of facts and values.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "tests/common/storage/contract/clv_store_contract.h"

namespace clv::storage {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace {

template <typename Row>
std::vector<std::string> CustomersOf(const absl::StatusOr<std::vector<Row>>& rows) {
  std::vector<std::string> ids;
  EXPECT_TRUE(rows.ok()) << rows.status();
  if (!rows.ok()) return ids;
  for (const Row& row : *rows) ids.push_back(row.customer_id);
  return ids;
}

constexpr FoldOutcome kOutcome{
    .rows = 1, .duplicate_rows = 2, .superseded_rows = 3, .dead_letters = 4, .removed_rows = 5};

}  // namespace

TEST_P(ClvStoreContract, ScansFactsInByteOrderUpToALimit) {
  const auto writing = Begin();
  for (const char* id : {"b", "\u00e4", "a", "B", "ab"}) {
    ASSERT_TRUE(writing->PutCustomer(FullCustomer(id)).ok());
    ASSERT_TRUE(writing->PutImport(FullImport(id)).ok());
  }
  EXPECT_THAT(CustomersOf(writing->ScanCustomers("", 10)),
              ElementsAre("B", "a", "ab", "b", "\u00e4"));
  EXPECT_THAT(CustomersOf(writing->ScanCustomers("", 2)), ElementsAre("B", "a"));
  EXPECT_THAT(CustomersOf(writing->ScanCustomers("a", 2)), ElementsAre("ab", "b"));
  EXPECT_THAT(CustomersOf(writing->ScanCustomers("\u00e4", 2)), IsEmpty());
  EXPECT_THAT(CustomersOf(writing->ScanImports("aa", 10)), ElementsAre("ab", "b", "\u00e4"));
  EXPECT_THAT(CustomersOf(writing->ScanImports("", 1)), ElementsAre("B"));
  EXPECT_EQ(writing->ScanCustomers("a", 1)->front(), FullCustomer("ab"));
  EXPECT_EQ(writing->ScanImports("a", 1)->front(), FullImport("ab"));
}

TEST_P(ClvStoreContract, ScansPurchasesByCustomerAndThenByPurchase) {
  const auto writing = Begin();
  for (const auto& [purchase, customer] : std::vector<std::pair<std::string, std::string>>{
           {"p3", "a"}, {"p1", "b"}, {"p2", "a"}, {"p4", "b"}, {"p0", "c"}}) {
    ASSERT_TRUE(writing->PutPurchase(FullPurchase(purchase, customer)).ok());
  }
  const auto ids = [&](const PurchaseKey& after, int limit) {
    std::vector<std::string> found;
    const auto rows = writing->ScanPurchases(after, limit);
    EXPECT_TRUE(rows.ok()) << rows.status();
    for (const domain::Purchase& row : *rows) found.push_back(row.purchase_id);
    return found;
  };
  EXPECT_THAT(ids({}, 10), ElementsAre("p2", "p3", "p1", "p4", "p0"));
  EXPECT_THAT(ids({"a", "p2"}, 2), ElementsAre("p3", "p1"));
  EXPECT_THAT(ids({"b", "p4"}, 10), ElementsAre("p0"));
  EXPECT_THAT(ids({"c", "p0"}, 10), IsEmpty());
  EXPECT_EQ(writing->ScanPurchases({"b", "p4"}, 1)->front(), FullPurchase("p0", "c"));
}

TEST_P(ClvStoreContract, AScanSeesTheStateOfItsTransaction) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("a")).ok());
  ASSERT_TRUE(writing->Commit(1).ok());
  writing.reset();
  const auto before = Read();
  writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("b")).ok());
  ASSERT_TRUE(writing->RemoveCustomer("a").ok());
  ASSERT_TRUE(writing->Commit(2).ok());
  EXPECT_THAT(CustomersOf(before->ScanCustomers("", 10)), ElementsAre("a"));
  EXPECT_THAT(CustomersOf(Read()->ScanCustomers("", 10)), ElementsAre("b"));
}

TEST_P(ClvStoreContract, RemovesFactsByKey) {
  const auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("a")).ok());
  ASSERT_TRUE(writing->PutImport(FullImport("a")).ok());
  ASSERT_TRUE(writing->PutImport(FullImport("b")).ok());
  ASSERT_TRUE(writing->RemoveCustomer("a").ok());
  ASSERT_TRUE(writing->RemoveImport("a").ok());
  ASSERT_TRUE(writing->RemoveCustomer("nobody").ok());
  ASSERT_TRUE(writing->RemoveImport("nobody").ok());
  EXPECT_TRUE(writing->FactsOf("a")->empty());
  EXPECT_THAT(*writing->FindImports({"b"}), SizeIs(1));
}

TEST_P(ClvStoreContract, CountsTheFactsOfEachDataSource) {
  const auto writing = Begin();
  CustomerValue value{.customer_id = "a", .described = true, .summary = {.visible_rows = 3}};
  ASSERT_TRUE(writing->PutValue(value).ok());
  value = {.customer_id = "b", .described = true, .imported = true};
  ASSERT_TRUE(writing->PutValue(value).ok());
  value = {.customer_id = "c", .summary = {.visible_rows = 1, .unconverted_rows = 2}};
  ASSERT_TRUE(writing->PutValue(value).ok());
  const auto counts = writing->CountFacts();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->customers, 3u);
  EXPECT_EQ(counts->customer_rows, 2u);
  EXPECT_EQ(counts->import_rows, 1u);
  EXPECT_EQ(counts->purchases, 6u);
}

TEST_P(ClvStoreContract, OutcomesAreKnownWithTheirFold) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutOutcome(3, kOutcome).ok());
  EXPECT_EQ(*Read()->OutcomeOf(3), std::nullopt);
  ASSERT_TRUE(writing->Commit(3).ok());
  writing.reset();
  Reopen();
  EXPECT_EQ(*Read()->OutcomeOf(3), kOutcome);
  EXPECT_EQ(*Read()->OutcomeOf(2), std::nullopt);
}

TEST_P(ClvStoreContract, OutcomesAreForgottenAHundredThousandPositionsLater) {
  const auto put = [this](const std::vector<LogPosition>& positions) {
    const auto writing = Begin();
    for (const LogPosition position : positions) {
      ASSERT_TRUE(writing->PutOutcome(position, kOutcome).ok());
    }
    ASSERT_TRUE(writing->Commit(positions.back()).ok());
  };
  put({1, 2, 100'000});
  EXPECT_EQ(*Read()->OutcomeOf(1), kOutcome);
  put({100'001});
  EXPECT_EQ(*Read()->OutcomeOf(1), std::nullopt);
  EXPECT_EQ(*Read()->OutcomeOf(2), kOutcome);
}

TEST_P(ClvStoreContract, SomeOutcomesAreKnownAfterTheScrubOnly) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutOutcomeAfterScrub(3, kOutcome).ok());
  ASSERT_TRUE(writing->Commit(3).ok());
  writing.reset();
  EXPECT_EQ(*Read()->OutcomeOf(3), std::nullopt);
  Reopen();
  ASSERT_TRUE(store_->Scrub().ok());
  EXPECT_EQ(*Read()->OutcomeOf(3), kOutcome);
}

TEST_P(ClvStoreContract, TotalsAreTheSumsOfAllFolds) {
  EXPECT_EQ(*Read()->Totals(), FoldOutcome());
  for (LogPosition position = 1; position <= 2; ++position) {
    const auto writing = Begin();
    ASSERT_TRUE(writing->AddToTotals(kOutcome).ok());
    ASSERT_TRUE(writing->Commit(position).ok());
  }
  {
    const auto writing = Begin();
    ASSERT_TRUE(writing->AddToTotals(kOutcome).ok());
  }
  Reopen();
  EXPECT_EQ(*Read()->Totals(), (FoldOutcome{.rows = 2,
                                            .duplicate_rows = 4,
                                            .superseded_rows = 6,
                                            .dead_letters = 8,
                                            .removed_rows = 10}));
}

TEST_P(ClvStoreContract, RemovesTheTracesOfKeys) {
  JobRecord job{.job_id = "a", .difference_count = 2, .differences = "{\"differences\":[]}"};
  ASSERT_TRUE(store_->PutJob(job).ok());
  auto writing = Begin();
  uint32_t row = 0;
  for (const char* key : {"x", "y", "x", "z"}) {
    ASSERT_TRUE(
        writing->AddDeadLetter({.position = 1, .row_index = row++, .key = key, .reason = "r"})
            .ok());
  }
  ASSERT_TRUE(writing->RemoveTraces({"x", "z"}).ok());
  EXPECT_EQ(writing->CountFacts()->dead_letters, 1u);
  ASSERT_TRUE(writing->Commit(1).ok());
  writing.reset();
  const auto jobs = store_->ListJobs(10);
  ASSERT_THAT(*jobs, SizeIs(1));
  EXPECT_NE(jobs->front().differences, job.differences);
  EXPECT_EQ(jobs->front().difference_count, 2u);
}

}  // namespace clv::storage
