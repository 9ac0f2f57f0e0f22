// What a projection is made from, and the details of the customers that are shown.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/customer_details.h"
#include "common/storage/sqlite/migrations/migrations.h"
#include "common/storage/sqlite/projection_source.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/sqlite_reports_fixture.h"

namespace clv::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr auto kForever = std::chrono::steady_clock::time_point::max();

class SqliteProjectionSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.Add(domain::Customer{.customer_id = "c1",
                                .name = "Anna",
                                .email = "anna@example.com",
                                .country = "USA",
                                .active = true});
    store_.Add(domain::Customer{.customer_id = "c2", .active = false});
    store_.Add(domain::ImportedClv{.customer_id = "c3",
                                   .total_spend_micros = Money("40"),
                                   .purchase_count = 2,
                                   .first_purchase_date = At("2023-01-01"),
                                   .last_purchase_date = At("2023-02-01"),
                                   .updated_at = At("2023-03-01")});
    const std::vector<ReportStore::Buy> buys = {
        {"p1", "c1", "10", "2023-01-05", "", "USD", "pen", "Office"},
        {"p2", "c1", "30", "2023-02-05", "", "USD", "doll", "Toys"},
        {"p3", "c1", "-5", "2023-02-06", "p2", "USD", "doll", "Toys"},
        {"p4", "c1", "20", "2023-03-05", "", "USD", "ball", "Office"},
        {"p5", "c1", "7", "2023-03-06", "", "EUR", "euro", "Euros"},
        {"p6", "c1", "9", "2023-04-01", "o6", "USD", "lost", "Lost"},
        {"p7", "c1", "-9", "2023-04-02", "o6", "USD", "lost", "Lost"},
        {"p8", "c2", "1", "2023-01-01", "", "USD", "", "B"},
        {"p9", "c2", "1", "2023-01-02", "", "USD", "", "A"}};
    for (const ReportStore::Buy& buy : buys) store_.Add(buy);
    store_.Write();
  }

  ReportStore store_;
};

TEST_F(SqliteProjectionSourceTest, ReadsEveryCustomerWithHisFacts) {
  SqliteProjectionSource source(store_.path());
  const auto reading = Must(source.Read());
  EXPECT_EQ(reading->folded_position(), 7u);
  EXPECT_EQ(reading->last_change(), 0u);
  EXPECT_EQ(reading->reporting_currency(), "USD");
  EXPECT_EQ(reading->horizon_seconds(), At("2023-04-02"));
  std::map<std::string, size_t> rows;
  const auto visit = [&](const CustomerInStore& facts) {
    rows[facts.value.customer_id] = facts.purchases.rows.size();
    EXPECT_EQ(facts.imported.has_value(), facts.value.customer_id == "c3");
    if (facts.value.customer_id == "c1") {
      EXPECT_EQ(facts.value.attributes.country, "USA");
      EXPECT_EQ(facts.value.summary.purchase_count, 3);
      EXPECT_EQ(facts.purchases.products.distinct_products, 3u);
      EXPECT_EQ(facts.purchases.products.favorite_category, "Office");
    }
    return absl::OkStatus();
  };
  const auto none = [](std::string_view) { return absl::InternalError("nobody is left out"); };
  ASSERT_TRUE(reading->ScanFrom(0, visit, none).ok());
  EXPECT_THAT(rows, ElementsAre(Pair("c1", 7), Pair("c2", 2), Pair("c3", 0)));
  rows.clear();
  EXPECT_EQ(Must(reading->Find("c2", visit)), true);
  EXPECT_EQ(Must(reading->Find("nobody", visit)), false);
  EXPECT_THAT(rows, ElementsAre(Pair("c2", 2)));
}

TEST_F(SqliteProjectionSourceTest, NamesWhoWasNotFoldedSince) {
  SqliteProjectionSource source(store_.path());
  const auto reading = Must(source.Read());
  std::vector<std::string> others;
  ASSERT_TRUE(reading
                  ->ScanFrom(
                      8, [](const CustomerInStore&) { return absl::InternalError("folded by 7"); },
                      [&](std::string_view id) {
                        others.emplace_back(id);
                        return absl::OkStatus();
                      })
                  .ok());
  EXPECT_THAT(others, UnorderedElementsAre("c1", "c2", "c3"));
}

TEST_F(SqliteProjectionSourceTest, AnErrorOfTheVisitorEndsTheScan) {
  SqliteProjectionSource source(store_.path());
  const auto stop = [](const CustomerInStore&) { return absl::AbortedError("enough"); };
  EXPECT_TRUE(absl::IsAborted(
      Must(source.Read())->ScanFrom(0, stop, [](auto) { return absl::OkStatus(); })));
}

TEST_F(SqliteProjectionSourceTest, IsUnavailableWithoutAStore) {
  SqliteProjectionSource source(store_.path() + "-absent");
  EXPECT_TRUE(absl::IsUnavailable(source.Read().status()));
  SqliteChangeWatch watch(store_.path() + "-absent", nullptr);
  EXPECT_TRUE(absl::IsUnavailable(watch.Version().status()));
}

TEST_F(SqliteProjectionSourceTest, TheWatchMovesWithACommit) {
  SqliteChangeWatch watch(store_.path(), nullptr);
  const int64_t before = Must(watch.Version());
  EXPECT_EQ(Must(watch.Version()), before);
  const auto db = Must(Database::Open(
      {.path = store_.path(), .mode = Database::Mode::kReadWrite, .migrations = &ClvMigrations()}));
  ASSERT_TRUE(db->Execute("UPDATE checkpoint SET folded_position = 8").ok());
  watch.WaitBeyond(before, std::chrono::minutes(1));
  EXPECT_NE(Must(watch.Version()), before);
}

TEST_F(SqliteProjectionSourceTest, TheWatchTellsWhatIsAnnounced) {
  const auto store = Must(SqliteClvStore::Open({.path = store_.path()}));
  SqliteChangeWatch watch(store_.path(), nullptr);
  const auto commit = [&](LogPosition position, LogPosition announced) {
    const auto fold = Must(store->Begin());
    ASSERT_TRUE(fold->PutValue({.customer_id = "new", .folded_position = position}).ok());
    ASSERT_TRUE(fold->Commit(position, announced).ok());
  };
  commit(20, 20);
  EXPECT_EQ(Must(watch.Announced()).folded_position, 20u);
  EXPECT_EQ(Must(watch.Announced()).last_change, 1u);
  commit(30, 20);
  commit(40, 30);
  EXPECT_EQ(Must(watch.Announced()).folded_position, 30u);
  EXPECT_EQ(Must(watch.Announced()).last_change, 1u) << "the position is what tells of folds";
  ASSERT_TRUE(store->Announce(35).ok());
  EXPECT_EQ(Must(watch.Announced()).folded_position, 35u);
  ASSERT_TRUE(store->Announce(20).ok());
  EXPECT_EQ(Must(watch.Announced()).folded_position, 35u) << "nothing is taken back";
  ASSERT_TRUE(store->Announce(1'000).ok());
  EXPECT_EQ(Must(watch.Announced()).folded_position, 40u);
  EXPECT_EQ(Must(watch.Announced()).last_change, 3u);
  commit(40, 40);
  EXPECT_EQ(Must(watch.Announced()).last_change, 4u) << "a rebuild has no position of its own";
  EXPECT_EQ(Must(watch.Announced()).scoring, std::nullopt);
}

TEST_F(SqliteProjectionSourceTest, NothingIsWrittenToAnnounceWhatHasBeen) {
  const auto store = Must(SqliteClvStore::Open({.path = store_.path()}));
  SqliteChangeWatch watch(store_.path(), nullptr);
  ASSERT_TRUE(Must(store->Begin())->Commit(20).ok());
  const int64_t version = Must(watch.Version());
  ASSERT_TRUE(store->Announce(20).ok());
  EXPECT_EQ(Must(watch.Version()), version);
}

using SqliteCustomerDetailsTest = SqliteProjectionSourceTest;

TEST_F(SqliteCustomerDetailsTest, SaysWhatIsKnownInTheOrderOfTheIds) {
  SqliteCustomerDetails details(store_.path());
  const auto state = Must(details.Read({"c3", "c1", "nobody", "c2"}, std::nullopt, 0, kForever));
  EXPECT_TRUE(state.is_as_of_change);
  ASSERT_EQ(state.details.size(), 4u);
  EXPECT_EQ(state.details[0].active, std::nullopt) << "imported, not described";
  EXPECT_EQ(state.details[1].name, "Anna");
  EXPECT_EQ(state.details[1].email, "anna@example.com");
  EXPECT_EQ(state.details[1].active, true);
  EXPECT_EQ(state.details[1].distinct_products, 0u) << "nobody has asked";
  EXPECT_EQ(state.details[2].name, std::nullopt);
  EXPECT_EQ(state.details[2].active, std::nullopt);
  EXPECT_EQ(state.details[3].name, std::nullopt);
  EXPECT_EQ(state.details[3].active, false);
}

TEST_F(SqliteCustomerDetailsTest, OneAloneIsReadAlike) {
  SqliteCustomerDetails details(store_.path());
  const CustomerDetails known = Must(details.ReadOne("c1", kForever));
  EXPECT_EQ(known.name, "Anna");
  EXPECT_EQ(known.email, "anna@example.com");
  EXPECT_EQ(known.active, true);
  EXPECT_EQ(Must(details.ReadOne("c2", kForever)).active, false);
  const CustomerDetails nobody = Must(details.ReadOne("nobody", kForever));
  EXPECT_EQ(nobody.name, std::nullopt);
  EXPECT_EQ(nobody.active, std::nullopt);
}

TEST_F(SqliteCustomerDetailsTest, ADescriptionIsReadOnceUntilSomebodyIsDescribedAnew) {
  const auto store = Must(SqliteClvStore::Open({.path = store_.path()}));
  SqliteCustomerDetails details(store_.path());
  const auto name = [&](std::string_view id) {
    return Must(details.Read({id}, std::nullopt, 0, kForever)).details[0].name;
  };
  EXPECT_EQ(name("c1"), "Anna");
  // Behind the store's back: what is known is not read.
  RunRawSql(store_.path(), "UPDATE customers SET name = 'Nobody' WHERE customer_id = 'c1'");
  EXPECT_EQ(name("c1"), "Anna");
  const auto describe = [&](LogPosition position, const std::string& id, const char* called) {
    const auto fold = Must(store->Begin());
    ASSERT_TRUE(fold->PutCustomer({.customer_id = id, .name = called}).ok());
    ASSERT_TRUE(fold->PutValue({.customer_id = id, .folded_position = position}).ok());
    ASSERT_TRUE(fold->Commit(position).ok());
  };
  describe(20, "c2", "Bert");
  EXPECT_EQ(name("c2"), "Bert");
  EXPECT_EQ(name("c1"), "Nobody");
  describe(21, "c1", "Anne");
  EXPECT_EQ(name("c1"), "Anne");
  RunRawSql(store_.path(), "UPDATE customers SET name = NULL WHERE customer_id = 'c1'");
  details.Forget();
  EXPECT_EQ(name("c1"), std::nullopt);
}

TEST(RememberedDescriptionsTest, KeepsNothingThatWasReadBeforeItForgot) {
  RememberedDescriptions remembered;
  const uint64_t before = remembered.times_forgotten();
  remembered.Keep(before, 5, "a", {.name = "Anna"});
  EXPECT_EQ(remembered.Find(5, {"a"})[0]->name, "Anna");
  EXPECT_FALSE(remembered.Find(4, {"a"})[0].has_value());
  EXPECT_FALSE(remembered.Find(6, {"a"})[0].has_value());
  remembered.Forget();
  remembered.Keep(before, 5, "a", {.name = "Anna"});
  EXPECT_FALSE(remembered.Find(5, {"a"})[0].has_value());
  remembered.Keep(remembered.times_forgotten(), 6, "b", {.name = "Bert"});
  remembered.Keep(remembered.times_forgotten(), 5, "a", {.name = "Anna"});
  EXPECT_EQ(remembered.Find(6, {"a", "b"})[1]->name, "Bert");
  EXPECT_FALSE(remembered.Find(6, {"a"})[0].has_value()) << "as of an earlier change";
}

TEST(RememberedDescriptionsTest, HoldsNoMoreThanSomeThousand) {
  RememberedDescriptions remembered;
  for (int i = 0; i < 5'000; ++i) remembered.Keep(0, 1, "c" + std::to_string(i), {});
  size_t held = 0;
  for (int i = 0; i < 5'000; ++i) {
    held += remembered.Find(1, {"c" + std::to_string(i)})[0].has_value() ? 1U : 0U;
  }
  EXPECT_GT(held, 0u);
  EXPECT_LE(held, 1'024u);
}

TEST_F(SqliteCustomerDetailsTest, SaysWhetherOneOfThemHasChangedSince) {
  const auto store = Must(SqliteClvStore::Open({.path = store_.path()}));
  for (LogPosition position = 20; position <= 22; ++position) {
    const auto fold = Must(store->Begin());
    const std::string id = "c" + std::to_string(position - 19);
    ASSERT_TRUE(fold->PutCustomer({.customer_id = id}).ok());
    ASSERT_TRUE(fold->PutValue({.customer_id = id, .folded_position = position}).ok());
    ASSERT_TRUE(fold->Commit(position).ok());
  }
  SqliteCustomerDetails details(store_.path());
  const auto is_as_of = [&](const std::vector<std::string_view>& ids, uint64_t change) {
    return Must(details.Read(ids, std::nullopt, change, kForever)).is_as_of_change;
  };
  EXPECT_TRUE(is_as_of({"c1", "c2", "c3"}, 3));
  EXPECT_TRUE(is_as_of({"c1", "c2"}, 2));
  EXPECT_FALSE(is_as_of({"c1", "c2", "c3"}, 2));
  EXPECT_TRUE(is_as_of({"c1", "nobody"}, 1));
  EXPECT_FALSE(is_as_of({"c1", "c2"}, 1));
  EXPECT_FALSE(is_as_of({"c1"}, 0));
  EXPECT_FALSE(is_as_of({"nobody"}, 4)) << "a change that this store does not know";
}

TEST_F(SqliteCustomerDetailsTest, PurchasesChangeProductsOnly) {
  const auto store = Must(SqliteClvStore::Open({.path = store_.path()}));
  SqliteCustomerDetails details(store_.path());
  const auto are_as_of = [&](uint64_t change) {
    const auto described = Must(details.Read({"c1"}, std::nullopt, change, kForever));
    const auto products = Must(details.Read({"c1"}, ProductScope{}, change, kForever));
    return std::pair(described.is_as_of_change, products.is_as_of_change);
  };
  const auto fold = [&](LogPosition position, bool is_described_anew) {
    const auto transaction = Must(store->Begin());
    if (is_described_anew) {
      ASSERT_TRUE(transaction->RemoveCustomer("c1").ok());
    }
    ASSERT_TRUE(transaction->PutValue({.customer_id = "c1", .folded_position = position}).ok());
    ASSERT_TRUE(transaction->Commit(position).ok());
  };
  EXPECT_EQ(are_as_of(0), std::pair(true, true));
  fold(20, false);
  EXPECT_EQ(are_as_of(0), std::pair(true, false));
  EXPECT_EQ(are_as_of(1), std::pair(true, true));
  fold(21, true);
  EXPECT_EQ(are_as_of(1), std::pair(false, false));
  fold(22, false);
  EXPECT_EQ(are_as_of(1), std::pair(false, false));
  EXPECT_EQ(are_as_of(2), std::pair(true, false));
  EXPECT_EQ(are_as_of(9), std::pair(false, false)) << "a change that this store does not know";
}

TEST_F(SqliteCustomerDetailsTest, AfterAnErasureNothingIsAsItWas) {
  const auto store = Must(SqliteClvStore::Open({.path = store_.path()}));
  const auto transaction = Must(store->Begin());
  ASSERT_TRUE(transaction->RemoveTraces({"nobody described"}).ok());
  ASSERT_TRUE(transaction->Commit(20).ok());
  SqliteCustomerDetails details(store_.path());
  EXPECT_FALSE(Must(details.Read({"c1"}, std::nullopt, 0, kForever)).is_as_of_change);
  EXPECT_TRUE(Must(details.Read({"c1"}, std::nullopt, 1, kForever)).is_as_of_change);
}

TEST_F(SqliteCustomerDetailsTest, TiesOfCategoriesGoToTheSmallerText) {
  SqliteCustomerDetails details(store_.path());
  const auto state = Must(details.Read({"c2"}, ProductScope{}, 0, kForever));
  EXPECT_EQ(state.details[0].favorite_category, "A");
  EXPECT_EQ(state.details[0].distinct_products, 0u);
}

TEST_F(SqliteCustomerDetailsTest, ADeadlineThatHasPassedEndsTheRead) {
  SqliteCustomerDetails details(store_.path());
  std::vector<std::string> ids;
  for (int i = 0; i < 20'000; ++i) ids.push_back("c" + std::to_string(i));
  const std::vector<std::string_view> views(ids.begin(), ids.end());
  const auto past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  EXPECT_TRUE(absl::IsDeadlineExceeded(details.Read(views, ProductScope{}, 0, past).status()));
  EXPECT_TRUE(details.Read({"c1"}, std::nullopt, 0, kForever).ok()) << "the next one is not late";
}

// Products in every window and at every instant are those of SQL.
TEST_F(SqliteCustomerDetailsTest, ProductsEqualThoseOfSql) {
  SqliteCustomerDetails details(store_.path());
  const std::vector<int64_t> instants = {At("2023-01-01"), At("2023-01-05"), At("2023-02-05"),
                                         At("2023-02-06"), At("2023-03-05"), At("2023-04-01"),
                                         At("2023-04-02"), At("2023-12-31")};
  for (const int64_t as_of : instants) {
    for (const int64_t start : instants) {
      for (const int64_t end : instants) {
        CustomerValueQuery query;
        query.customer_ids = {"c1", "c2"};
        query.sort = CustomerSort::kCustomerId;
        query.scope.as_of_seconds = as_of;
        query.scope.window = TimeWindow{.start = start, .end = end};
        const auto report = Must(store_.reports().TotalCustomerValue(query));
        const auto state =
            Must(details.Read({"c1", "c2"}, ProductScope{as_of, start, end}, 0, kForever));
        for (const auto& row : report.rows) {
          const CustomerDetails& found = state.details[row.customer_id == "c1" ? 0 : 1];
          EXPECT_EQ(found.distinct_products, row.distinct_products)
              << row.customer_id << " " << as_of << " " << start << " " << end;
          EXPECT_EQ(found.favorite_category, row.favorite_category)
              << row.customer_id << " " << as_of << " " << start << " " << end;
        }
      }
    }
  }
}

}  // namespace
}  // namespace clv::storage
