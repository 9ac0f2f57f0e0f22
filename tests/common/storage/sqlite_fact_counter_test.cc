// The row of `fact_counts` is what counting `customer_clv` gives, whatever was written.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/storage/sqlite/clv_store.h"
#include "tests/common/storage/raw_sqlite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::storage {
namespace {

constexpr char kKept[] =
    "SELECT customers, purchases, customer_rows, import_rows, buyers, repeat_buyers, "
    "first_purchase_date FROM fact_counts";
constexpr char kCounted[] =
    "SELECT COUNT(*), COALESCE(SUM(visible_rows + unconverted_rows), 0), "
    "COALESCE(SUM(described), 0), COALESCE(SUM(imported), 0), "
    "COALESCE(SUM(purchase_count >= 1), 0), "
    "COALESCE(SUM(purchase_count >= 1 AND repeat_order_days >= 1), 0), "
    "MIN(CASE WHEN purchase_count >= 1 THEN first_purchase_date END) FROM customer_clv";

// 0 .. n - 1, each as often: inRange alone keeps to the first at small sizes.
int CountBelow(int n) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, n)); }

domain::CustomerSummary AnySummary() {
  domain::CustomerSummary summary{.visible_rows = CountBelow(5), .unconverted_rows = CountBelow(3)};
  summary.purchase_count = CountBelow(3);
  summary.repeat_order_days = CountBelow(2);
  if (summary.purchase_count > 0) summary.first_purchase_date = CountBelow(4);
  return summary;
}

CustomerValue AnyValue(const std::string& customer_id) {
  CustomerValue value{.customer_id = customer_id};
  value.described = CountBelow(2) == 0;
  value.imported = CountBelow(2) == 0;
  value.summary = AnySummary();
  return value;
}

void Write(FoldTransaction& transaction) {
  const std::string id = *rc::gen::elementOf(std::vector<std::string>{"a", "b", "c"});
  switch (CountBelow(4)) {
    case 0:
      RC_ASSERT(transaction.RemoveValue(id).ok());
      return;
    case 1:
      RC_ASSERT(transaction.PutValue(AnyValue(id)).ok());
      return;
    default: {
      const std::vector<std::string_view> ids = {id};
      const auto fold = [&](size_t, CustomerInFold& customer,
                            std::vector<PurchaseChange>&) -> absl::StatusOr<bool> {
        if (!customer.value) customer.value = AnyValue(id);
        customer.value->summary = AnySummary();
        return CountBelow(4) != 0;
      };
      RC_ASSERT(transaction.FoldCustomers(ids, fold).ok());
    }
  }
}

RC_GTEST_PROP(SqliteFactCounterProperty, IsWhatCountingGivesAfterAnyWrites, ()) {
  TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  const auto store = SqliteClvStore::Open({.path = path}).value();
  const int transactions = *rc::gen::inRange(0, 20);
  LogPosition position = 0;
  for (int i = 0; i < transactions; ++i) {
    const auto transaction = store->Begin().value();
    const int writes = CountBelow(6);
    for (int n = 0; n < writes; ++n) {
      Write(*transaction);
      if (CountBelow(4) == 0) RC_ASSERT(transaction->CountFacts().ok());
    }
    // Else rolled back.
    if (CountBelow(4) != 0) RC_ASSERT(transaction->Commit(++position).ok());
  }
  RC_ASSERT(DumpRawSql(path, kKept) == DumpRawSql(path, kCounted));
}

TEST(SqliteFactCounterTest, CountsAnewAfterDamage) {
  TempDirectory directory;
  const std::string path = directory.path() + "/clv.db";
  const auto store = SqliteClvStore::Open({.path = path}).value();
  {
    const auto transaction = store->Begin().value();
    ASSERT_TRUE(transaction->PutValue({.customer_id = "c", .described = true}).ok());
    ASSERT_TRUE(transaction->Commit(1).ok());
  }
  RunRawSql(path, "UPDATE fact_counts SET customers = 7, purchases = 9");
  EXPECT_EQ(store->Read().value()->CountFacts()->customers, 7u);
  const auto transaction = store->Begin().value();
  ASSERT_TRUE(transaction->RecountFacts().ok());
  EXPECT_EQ(transaction->CountFacts()->customers, 1u);
  ASSERT_TRUE(transaction->Commit(2).ok());
  EXPECT_EQ(DumpRawSql(path, kKept), DumpRawSql(path, kCounted));
}

}  // namespace
}  // namespace clv::storage
