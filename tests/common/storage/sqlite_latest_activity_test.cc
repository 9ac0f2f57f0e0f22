// The row of `latest_activity` is MAX(last_activity_date), whatever was written.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/storage/sqlite/clv_store.h"
#include "common/storage/sqlite/latest_activity.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

constexpr char kExpected[] = "SELECT MAX(last_activity_date) FROM customer_clv";
// Who is named has the date; nobody is named when nobody has one.
constexpr char kWrongHolders[] =
    "SELECT l.customer_id FROM latest_activity l LEFT JOIN customer_clv v USING (customer_id) "
    "WHERE CASE WHEN l.date IS NULL THEN l.customer_id <> '' ELSE v.last_activity_date IS NOT "
    "l.date END";

CustomerValue ValueOf(const std::string& customer_id, std::optional<int64_t> date) {
  CustomerValue value{.customer_id = customer_id};
  value.summary.last_activity_date = date;
  return value;
}

struct ActivityStore {
  TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  std::unique_ptr<SqliteClvStore> store = SqliteClvStore::Open({.path = path}).value();
  LogPosition position = 0;

  std::string Latest() { return ReadRawSql(path, "SELECT date FROM latest_activity"); }
  std::string Holder() { return ReadRawSql(path, "SELECT customer_id FROM latest_activity"); }

  // Writes the dates one after another; no date in `dates`: the customer is removed.
  struct Write {
    std::string customer_id;
    std::optional<int64_t> date;
    bool removes = false;
  };
  void Commit(const std::vector<Write>& writes) {
    const auto transaction = store->Begin().value();
    Apply(writes, *transaction);
    ASSERT_TRUE(transaction->Commit(++position).ok());
  }
  static void Apply(const std::vector<Write>& writes, FoldTransaction& transaction) {
    for (const Write& write : writes) {
      const absl::Status status =
          write.removes ? transaction.RemoveValue(write.customer_id)
                        : transaction.PutValue(ValueOf(write.customer_id, write.date));
      ASSERT_TRUE(status.ok()) << status;
    }
  }
};

// 0 .. n - 1, each as often: inRange alone keeps to the first at small sizes.
int ActivityBelow(int n) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, n)); }

RC_GTEST_PROP(SqliteLatestActivityProperty, IsTheGreatestDateAfterAnyWrites, ()) {
  ActivityStore store;
  const int transactions = *rc::gen::inRange(0, 25);
  for (int i = 0; i < transactions; ++i) {
    std::vector<ActivityStore::Write> writes;
    const int count = ActivityBelow(6);
    for (int n = 0; n < count; ++n) {
      ActivityStore::Write write{.customer_id =
                                     *rc::gen::elementOf(std::vector<std::string>{"a", "b", "c"})};
      const int date = ActivityBelow(8) - 3;
      write.removes = date == 4;
      if (date != 3) write.date = date;
      writes.push_back(write);
    }
    if (ActivityBelow(4) == 0) {
      // Rolled back.
      ActivityStore::Apply(writes, *store.store->Begin().value());
    } else {
      store.Commit(writes);
    }
    RC_ASSERT(store.Latest() == ReadRawSql(store.path, kExpected));
    RC_ASSERT(DumpRawSql(store.path, kWrongHolders) == "");
  }
}

TEST(SqliteLatestActivityTest, NobodyHasOneAtFirst) {
  ActivityStore store;
  EXPECT_EQ(store.Latest(), "");
  store.Commit({{"a", std::nullopt}});
  EXPECT_EQ(DumpRawSql(store.path, "SELECT customer_id, date FROM latest_activity"), "|\n");
}

TEST(SqliteLatestActivityTest, TheHolderWhoGoesBackIsFollowedByTheNext) {
  ActivityStore store;
  store.Commit({{"a", 5}, {"b", 9}, {"c", 7}});
  EXPECT_EQ(store.Holder(), "b");
  store.Commit({{"b", 6}});
  EXPECT_EQ(store.Latest(), "7");
  EXPECT_EQ(store.Holder(), "c");
}

TEST(SqliteLatestActivityTest, AnotherWithTheSameDateTakesOver) {
  ActivityStore store;
  store.Commit({{"a", 9}, {"b", 9}});
  EXPECT_EQ(store.Holder(), "a");
  store.Commit({{"a", std::nullopt, true}});
  EXPECT_EQ(store.Latest(), "9");
  EXPECT_EQ(store.Holder(), "b");
}

TEST(SqliteLatestActivityTest, NothingIsLeftOfTheLastCustomer) {
  ActivityStore store;
  store.Commit({{"a", 9}});
  store.Commit({{"a", std::nullopt, true}});
  EXPECT_EQ(DumpRawSql(store.path, "SELECT customer_id, date FROM latest_activity"), "|\n");
}

TEST(SqliteLatestActivityTest, AHolderWhoComesBackWithinTheTransactionStays) {
  ActivityStore store;
  store.Commit({{"a", 9}, {"b", 8}});
  store.Commit({{"a", 1}, {"a", 9}});
  EXPECT_EQ(store.Holder(), "a");
  store.Commit({{"a", 12}, {"a", 2}});
  EXPECT_EQ(store.Latest(), "8");
  EXPECT_EQ(store.Holder(), "b");
}

TEST(SqliteLatestActivityTest, ARolledBackDateDoesNotCount) {
  ActivityStore store;
  store.Commit({{"a", 5}});
  ActivityStore::Apply({{"b", 9}}, *store.store->Begin().value());
  store.Commit({{"c", 7}});
  EXPECT_EQ(store.Latest(), "7");
  EXPECT_EQ(store.Holder(), "c");
}

}  // namespace
}  // namespace clv::storage
