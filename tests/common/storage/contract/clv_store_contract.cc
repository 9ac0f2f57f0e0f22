#include "tests/common/storage/contract/clv_store_contract.h"

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"

namespace clv::storage {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ClvStoreContract);

void ClvStoreContract::SetUp() {
  home_ = GetParam()();
  store_ = Open();
  ASSERT_NE(store_, nullptr);
}

void ClvStoreContract::Reopen() {
  store_.reset();
  store_ = Open();
}

std::unique_ptr<ClvStore> ClvStoreContract::Open() {
  auto store = home_->OpenStore();
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

std::unique_ptr<FoldTransaction> ClvStoreContract::Begin(ClvStore& store) {
  auto transaction = store.Begin();
  EXPECT_TRUE(transaction.ok()) << transaction.status();
  return transaction.ok() ? *std::move(transaction) : nullptr;
}

std::unique_ptr<ClvReadTransaction> ClvStoreContract::Read() {
  auto transaction = store_->Read();
  EXPECT_TRUE(transaction.ok()) << transaction.status();
  return transaction.ok() ? *std::move(transaction) : nullptr;
}

domain::Customer ClvStoreContract::FullCustomer(const std::string& customer_id) {
  return {.customer_id = customer_id,
          .name = "Zo\u00eb",
          .email = "zoe@example.com",
          .signup_date = 0,
          .country = "USA",
          .customer_segment = "Premium",
          .acquisition_source = "Organic Search",
          .active = false,
          .created_at = 1'700'000'000};
}

domain::ImportedClv ClvStoreContract::FullImport(const std::string& customer_id) {
  return {.customer_id = customer_id,
          .total_spend_micros = -1'000'000'000'000'000'000,
          .purchase_count = 1'000'000'000'000'000,
          .first_purchase_date = 1,
          .last_purchase_date = 2,
          .customer_segment = "Basic",
          .country = "FRA",
          .acquisition_source = "Ads",
          .updated_at = 3};
}

domain::Purchase ClvStoreContract::FullPurchase(const std::string& purchase_id,
                                                const std::string& customer_id) {
  return {.purchase_id = purchase_id,
          .customer_id = customer_id,
          .order_id = "o1",
          .purchase_amount_micros = -1,
          .purchase_date = 1'600'000'000,
          .currency = "EUR",
          .product_id = "prod",
          .product_name = "Product",
          .product_category = "Category",
          .payment_method = "Card",
          .created_at = 1'600'000'001};
}

CustomerValue ClvStoreContract::FullValue(const std::string& customer_id) {
  return {.customer_id = customer_id,
          .attributes = {"USA", "Premium", "Ads"},
          .described = true,
          .imported = true,
          .signup_date = 5,
          .summary = {.purchase_count = 7,
                      .total_spend_micros = std::numeric_limits<int64_t>::min() + 1,
                      .refunded_micros = 9,
                      .first_purchase_date = 10,
                      .last_purchase_date = 11,
                      .repeat_order_days = 3,
                      .visible_rows = 4,
                      .unconverted_rows = 2,
                      .last_activity_date = 12,
                      .gross_micros = std::numeric_limits<int64_t>::max()},
          .updated_at = 13,
          .folded_position = 14};
}

TEST_P(ClvStoreContract, BeginsEmpty) {
  EXPECT_EQ(store_->Checkpoint().value(), 0u);
  const auto state = Read();
  EXPECT_EQ(state->checkpoint(), 0u);
  EXPECT_EQ(state->reporting_currency(), "");
  EXPECT_EQ(state->CountFacts()->customers, 0u);
  EXPECT_THAT(*state->CustomersAfter("", 10), IsEmpty());
  EXPECT_TRUE(state->FactsOf("c1")->empty());
}

TEST_P(ClvStoreContract, KeepsWhatWasCommitted) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("c1")).ok());
  ASSERT_TRUE(writing->PutImport(FullImport("c1")).ok());
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "c1")).ok());
  ASSERT_TRUE(writing->PutValue(FullValue("c1")).ok());
  ASSERT_TRUE(writing->PutReportingCurrency("CHF").ok());
  ASSERT_TRUE(writing->Commit(5).ok());
  writing.reset();
  Reopen();
  EXPECT_EQ(store_->Checkpoint().value(), 5u);
  const auto state = Read();
  EXPECT_EQ(state->checkpoint(), 5u);
  EXPECT_EQ(state->reporting_currency(), "CHF");
  EXPECT_EQ(state->FindCustomers({"c1"})->at("c1"), FullCustomer("c1"));
  EXPECT_EQ(state->FindImports({"c1"})->at("c1"), FullImport("c1"));
  EXPECT_EQ(state->FindPurchases({"p1"})->at("p1"), FullPurchase("p1", "c1"));
  EXPECT_EQ(state->FindValues({"c1"})->at("c1"), FullValue("c1"));
}

TEST_P(ClvStoreContract, AWarmStoreKnowsTheSamePurchases) {
  store_->WarmUp();
  auto writing = Begin();
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "c1")).ok());
  ASSERT_TRUE(writing->PutValue(FullValue("c1")).ok());
  ASSERT_TRUE(writing->Commit(5).ok());
  writing.reset();
  for (const bool is_new : {false, true}) {
    if (is_new) Reopen();
    store_->WarmUp();
    writing = Begin();
    EXPECT_EQ(writing->MayHold({"p1"}).value(), (std::vector<bool>{true}));
    EXPECT_TRUE(writing->Holds("p1").value());
    EXPECT_FALSE(writing->Holds("p2").value());
    writing.reset();
  }
}

TEST_P(ClvStoreContract, ForgetsWhatWasNotCommitted) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("c1")).ok());
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "c1")).ok());
  ASSERT_TRUE(writing->AddDeadLetter({.position = 1, .key = "x", .reason = "y"}).ok());
  ASSERT_TRUE(writing->PutReportingCurrency("CHF").ok());
  writing.reset();
  const auto state = Read();
  EXPECT_EQ(state->checkpoint(), 0u);
  EXPECT_EQ(state->reporting_currency(), "");
  EXPECT_THAT(*state->CustomersAfter("", 10), IsEmpty());
  EXPECT_EQ(state->CountFacts()->dead_letters, 0u);
}

TEST_P(ClvStoreContract, ATransactionSeesItsOwnWrites) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "c1")).ok());
  EXPECT_THAT(writing->FactsOf("c1")->purchases, SizeIs(1));
  EXPECT_THAT(*writing->CustomersAfter("", 10), ElementsAre("c1"));
}

TEST_P(ClvStoreContract, AReaderSeesTheStateOfItsBeginning) {
  const auto before = Read();
  auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("c1")).ok());
  ASSERT_TRUE(writing->Commit(1).ok());
  writing.reset();
  EXPECT_EQ(before->checkpoint(), 0u);
  EXPECT_THAT(*before->FindCustomers({"c1"}), IsEmpty());
  EXPECT_THAT(*Read()->FindCustomers({"c1"}), SizeIs(1));
}

TEST_P(ClvStoreContract, AReaderDoesNotWaitForTheWriter) {
  const auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("c1")).ok());
  EXPECT_THAT(*Read()->FindCustomers({"c1"}), IsEmpty());
}

TEST_P(ClvStoreContract, ReplacesARowAsAWhole) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("c1")).ok());
  ASSERT_TRUE(writing->PutImport(FullImport("c1")).ok());
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "c1")).ok());
  ASSERT_TRUE(writing->PutValue(FullValue("c1")).ok());
  const domain::Customer customer{.customer_id = "c1"};
  const domain::ImportedClv imported{.customer_id = "c1"};
  const domain::Purchase purchase{
      .purchase_id = "p1", .customer_id = "c1", .order_id = "p1", .currency = "USD"};
  const CustomerValue value{.customer_id = "c1", .attributes = {"-", "-", "-"}};
  ASSERT_TRUE(writing->PutCustomer(customer).ok());
  ASSERT_TRUE(writing->PutImport(imported).ok());
  ASSERT_TRUE(writing->PutPurchase(purchase).ok());
  ASSERT_TRUE(writing->PutValue(value).ok());
  EXPECT_EQ(writing->FindCustomers({"c1"})->at("c1"), customer);
  EXPECT_EQ(writing->FindImports({"c1"})->at("c1"), imported);
  EXPECT_EQ(writing->FindPurchases({"p1"})->at("p1"), purchase);
  EXPECT_EQ(writing->FindValues({"c1"})->at("c1"), value);
}

TEST_P(ClvStoreContract, APurchaseMovesOnlyAfterItWasRemoved) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "c1")).ok());
  EXPECT_EQ(writing->PutPurchase(FullPurchase("p1", "c2")).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(writing->FindPurchases({"p1"})->at("p1").customer_id, "c1");
  ASSERT_TRUE(writing->RemovePurchase("c1", "p1").ok());
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "c2")).ok());
  EXPECT_TRUE(writing->FactsOf("c1")->empty());
  EXPECT_EQ(writing->FindPurchases({"p1"})->at("p1").customer_id, "c2");
}

TEST_P(ClvStoreContract, LeavesUnknownKeysOut) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("c1")).ok());
  EXPECT_THAT(*writing->FindCustomers({"c0", "c1", "c2"}), SizeIs(1));
  EXPECT_THAT(*writing->FindPurchases({"p1"}), IsEmpty());
  EXPECT_THAT(*writing->FindImports({}), IsEmpty());
}

TEST_P(ClvStoreContract, TellsEverythingKnownOfOneCustomer) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutReportingCurrency("USD").ok());
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("c1")).ok());
  ASSERT_TRUE(writing->PutImport(FullImport("c1")).ok());
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "c1")).ok());
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p2", "c2")).ok());
  const auto facts = writing->FactsOf("c1");
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->customer, FullCustomer("c1"));
  EXPECT_EQ(facts->imported, FullImport("c1"));
  ASSERT_THAT(facts->purchases, SizeIs(1));
  EXPECT_EQ(facts->purchases[0].order_id, "o1");
  EXPECT_EQ(facts->purchases[0].amount_micros, -1);
  EXPECT_EQ(facts->purchases[0].date, 1'600'000'000);
}

TEST_P(ClvStoreContract, FactsSayWhichRowsAreInTheReportingCurrency) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "c1")).ok());
  ASSERT_TRUE(writing->PutReportingCurrency("USD").ok());
  EXPECT_FALSE(writing->FactsOf("c1")->purchases[0].in_reporting_currency);
  ASSERT_TRUE(writing->PutReportingCurrency("EUR").ok());
  EXPECT_TRUE(writing->FactsOf("c1")->purchases[0].in_reporting_currency);
}

TEST_P(ClvStoreContract, ListsCustomersKnownInAnyWayInByteOrder) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("b")).ok());
  ASSERT_TRUE(writing->PutImport(FullImport("B")).ok());
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "\u00e4")).ok());
  ASSERT_TRUE(writing->PutValue(FullValue("a")).ok());
  ASSERT_TRUE(writing->PutValue(FullValue("b")).ok());
  EXPECT_THAT(*writing->CustomersAfter("", 10), ElementsAre("B", "a", "b", "\u00e4"));
  EXPECT_THAT(*writing->CustomersAfter("B", 2), ElementsAre("a", "b"));
  EXPECT_THAT(*writing->CustomersAfter("\u00e4", 2), IsEmpty());
}

TEST_P(ClvStoreContract, ListsTheWholePurchasesOfACustomer) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p2", "c1")).ok());
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p1", "c1")).ok());
  ASSERT_TRUE(writing->PutPurchase(FullPurchase("p0", "c2")).ok());
  EXPECT_THAT(*writing->PurchasesOf("c1"),
              ElementsAre(FullPurchase("p1", "c1"), FullPurchase("p2", "c1")));
}

TEST_P(ClvStoreContract, CountsFactsAndDeadLetters) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutValue(FullValue("c1")).ok());
  ASSERT_TRUE(writing->PutValue(FullValue("c2")).ok());
  ASSERT_TRUE(writing->RemoveValue("c2").ok());
  ASSERT_TRUE(writing->RemoveValue("nobody").ok());
  ASSERT_TRUE(
      writing->AddDeadLetter({.position = 1, .row_index = 0, .key = "x", .reason = "a"}).ok());
  ASSERT_TRUE(
      writing->AddDeadLetter({.position = 1, .row_index = 1, .key = "y", .reason = "b"}).ok());
  ASSERT_TRUE(
      writing->AddDeadLetter({.position = 1, .row_index = 1, .key = "y", .reason = "c"}).ok());
  const auto counts = writing->CountFacts();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->customers, 1u);
  EXPECT_EQ(counts->purchases, 6u);
  EXPECT_EQ(counts->dead_letters, 2u);
}

TEST_P(ClvStoreContract, ASecondStoreGoesOnFromTheFirstsCheckpoint) {
  const auto second = Open();
  auto writing = Begin();
  ASSERT_TRUE(writing->Commit(3).ok());
  writing.reset();
  EXPECT_EQ(second->Checkpoint().value(), 3u);
  EXPECT_EQ(Begin(*second)->checkpoint(), 3u);
}

TEST_P(ClvStoreContract, ASecondWriterWaitsForTheFirst) {
  const auto second = Open();
  auto first = Begin();
  std::atomic<bool> has_begun = false;
  LogPosition seen = 0;
  std::thread other([&] {
    const auto waiting = Begin(*second);
    has_begun = true;
    if (waiting != nullptr) seen = waiting->checkpoint();
  });
  ASSERT_TRUE(first->PutCustomer(FullCustomer("c1")).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_FALSE(has_begun);
  ASSERT_TRUE(first->Commit(9).ok());
  other.join();
  EXPECT_EQ(seen, 9u);
}

TEST_P(ClvStoreContract, ReopeningKeepsWhatWasCommitted) {
  auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("c1")).ok());
  ASSERT_TRUE(writing->Commit(2).ok());
  writing.reset();
  ASSERT_TRUE(store_->Reopen().ok());
  EXPECT_EQ(store_->Checkpoint().value(), 2u);
  EXPECT_THAT(*Begin()->FindCustomers({"c1"}), SizeIs(1));
}

TEST_P(ClvStoreContract, ListsJobsNewestFirst) {
  JobRecord job{.job_id = "a", .kind = 1, .state = 2, .created_at_seconds = 10};
  ASSERT_TRUE(store_->PutJob(job).ok());
  job = {.job_id = "b", .created_at_seconds = 30};
  ASSERT_TRUE(store_->PutJob(job).ok());
  job = {.job_id = "c", .created_at_seconds = 20};
  ASSERT_TRUE(store_->PutJob(job).ok());
  const auto jobs = store_->ListJobs(2);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_THAT(*jobs, SizeIs(2));
  EXPECT_EQ((*jobs)[0].job_id, "b");
  EXPECT_EQ((*jobs)[1].job_id, "c");
}

TEST_P(ClvStoreContract, ReplacesAJobAndKeepsItWhole) {
  JobRecord job{.job_id = "a", .kind = 1, .state = 2, .created_at_seconds = 10};
  ASSERT_TRUE(store_->PutJob(job).ok());
  job.state = 3;
  job.ended_at_seconds = 11;
  job.customers_done = 1;
  job.customers_total = 2;
  job.values_checked = 3;
  job.difference_count = 4;
  job.differences = "{}";
  job.error = "error";
  job.folded_position = 5;
  ASSERT_TRUE(store_->PutJob(job).ok());
  Reopen();
  const auto jobs = store_->ListJobs(10);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_THAT(*jobs, SizeIs(1));
  const JobRecord& kept = jobs->front();
  EXPECT_EQ(kept.state, 3);
  EXPECT_EQ(kept.ended_at_seconds, 11);
  EXPECT_EQ(kept.customers_done, 1u);
  EXPECT_EQ(kept.customers_total, 2u);
  EXPECT_EQ(kept.values_checked, 3u);
  EXPECT_EQ(kept.difference_count, 4u);
  EXPECT_EQ(kept.differences, "{}");
  EXPECT_EQ(kept.error, "error");
  EXPECT_EQ(kept.folded_position, 5u);
}

TEST_P(ClvStoreContract, ProgressTellsTheCommittedCheckpoint) {
  const auto progress = home_->OpenProgress();
  EXPECT_EQ(progress->FoldedPosition().value(), 0u);
  auto writing = Begin();
  ASSERT_TRUE(writing->PutCustomer(FullCustomer("c1")).ok());
  EXPECT_FALSE(progress->WaitUntilFolded(4, std::chrono::milliseconds(5)));
  ASSERT_TRUE(writing->Commit(4).ok());
  EXPECT_EQ(progress->FoldedPosition().value(), 4u);
  EXPECT_TRUE(progress->WaitUntilFolded(3, std::chrono::milliseconds(0)));
}

TEST_P(ClvStoreContract, ProgressTellsOfAFoldOnceItIsAnnounced) {
  const auto progress = home_->OpenProgress();
  ASSERT_TRUE(Begin()->Commit(4, 0).ok());
  EXPECT_EQ(progress->FoldedPosition().value(), 0u);
  EXPECT_EQ(Read()->checkpoint(), 4u);
  EXPECT_EQ(Read()->AnnouncedPosition().value(), 0u);
  ASSERT_TRUE(Begin()->Commit(7, 4).ok());
  EXPECT_EQ(progress->FoldedPosition().value(), 4u);
  EXPECT_FALSE(progress->WaitUntilFolded(7, std::chrono::milliseconds(5)));
  ASSERT_TRUE(Begin()->Commit(9, 0).ok());
  EXPECT_EQ(progress->FoldedPosition().value(), 4u) << "nothing is taken back";
  std::thread announcer([&] { EXPECT_TRUE(store_->Announce(7).ok()); });
  EXPECT_TRUE(progress->WaitUntilFolded(7, std::chrono::seconds(30)));
  announcer.join();
  EXPECT_EQ(progress->FoldedPosition().value(), 7u);
  Reopen();
  EXPECT_EQ(progress->FoldedPosition().value(), 7u);
  ASSERT_TRUE(store_->Announce(1'000).ok());
  EXPECT_EQ(progress->FoldedPosition().value(), 9u);
  EXPECT_EQ(Read()->AnnouncedPosition().value(), 9u);
}

TEST_P(ClvStoreContract, WhatIsRolledBackIsNotAnnounced) {
  const auto progress = home_->OpenProgress();
  ASSERT_TRUE(Begin()->Commit(4, 0).ok());
  Begin().reset();
  EXPECT_EQ(progress->FoldedPosition().value(), 0u);
}

TEST_P(ClvStoreContract, AFoldIsDurableOnceItWasMadeSo) {
  const auto progress = home_->OpenProgress();
  ASSERT_TRUE(Begin()->Commit(4).ok());
  EXPECT_EQ(progress->DurablePosition().value(), 0u);
  ASSERT_TRUE(store_->MakeDurable().ok());
  EXPECT_EQ(progress->DurablePosition().value(), 4u);
  ASSERT_TRUE(Begin()->Commit(5).ok());
  EXPECT_EQ(progress->DurablePosition().value(), 4u);
}

TEST_P(ClvStoreContract, ProgressWaitsForTheFold) {
  const auto progress = home_->OpenProgress();
  std::thread writer([&] {
    auto writing = Begin();
    EXPECT_TRUE(writing->Commit(4).ok());
  });
  EXPECT_TRUE(progress->WaitUntilFolded(4, std::chrono::seconds(30)));
  writer.join();
}

}  // namespace clv::storage
