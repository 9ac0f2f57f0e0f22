#include "services/query/projection/chained_list.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace clv::query {
namespace {

// Counts those that are there.
struct Value {
  explicit Value(int n) : number(n) { ++count; }
  Value(const Value& other) : number(other.number) { ++count; }
  Value& operator=(const Value&) = delete;
  ~Value() {
    --count;
    number = -1;
  }

  int number;
  static inline std::atomic<int> count = 0;
};

using List = ChainedList<Value>;

List Sealed(int values) {
  List list;
  for (int n = 0; n < values; ++n) list.Append(std::make_unique<Value>(n));
  list.Seal();
  return list;
}

TEST(ChainedListTest, ASuccessorSharesAllButWhatItOpens) {
  const List first = Sealed(3);
  List second = first.Successor();
  second.Open(1).number = 10;
  second.Open(1).number += 1;
  second.Append(std::make_unique<Value>(3));
  second.Seal();
  EXPECT_EQ(&second[0], &first[0]);
  EXPECT_EQ(first[1].number, 1);
  EXPECT_EQ(second[1].number, 11);
  EXPECT_EQ(&second[2], &first[2]);
  EXPECT_EQ(first.size(), 3u);
  EXPECT_EQ(second.size(), 4u);
  EXPECT_EQ(Value::count, 5);
}

TEST(ChainedListTest, ASuccessorOfOneThatWasNeverSealedSharesAgain) {
  const List first = Sealed(3);
  {
    List given_up = first.Successor();
    given_up.Open(1).number = 10;
    given_up.Append(std::make_unique<Value>(3));
  }
  EXPECT_EQ(Value::count, 3);
  List second = first.Successor();
  second.Open(2).number = 20;
  second.Seal();
  EXPECT_EQ(&second[0], &first[0]);
  EXPECT_EQ(second[1].number, 1);
  EXPECT_EQ(Value::count, 4);
}

TEST(ChainedListTest, ASecondSuccessorCopiesAll) {
  auto first = std::make_unique<List>(Sealed(3));
  List second = first->Successor();
  second.Open(1).number = 10;
  second.Seal();
  List third = first->Successor();
  third.Open(2).number = 20;
  third.Seal();
  first.reset();
  EXPECT_NE(&third[0], &second[0]);
  EXPECT_EQ(second[1].number, 10);
  EXPECT_EQ(third[1].number, 1);
  EXPECT_EQ(third[2].number, 20);
  EXPECT_EQ(Value::count, 6);
}

TEST(ChainedListTest, ASuccessorThatIsGivenUpUnsealedLeavesNothing) {
  {
    List list = Sealed(3);
    {
      List never = list.Successor();
      never.Open(0).number = 7;
      never.Append(std::make_unique<Value>(9));
    }
    EXPECT_EQ(Value::count, 3);
    List next = list.Successor();
    next.Open(2);
    next.Seal();
    EXPECT_EQ(list[2].number, 2);
  }
  EXPECT_EQ(Value::count, 0);
}

TEST(ChainedListTest, AfterItsSuccessorsAreWithdrawnTheNextOneSharesAgain) {
  {
    const List first = Sealed(3);
    const Value* const shared = &first[0];
    {
      List second = first.Successor();
      second.Open(1).number = 10;
      second.Seal();
      List third = second.Successor();
      third.Open(1).number = 20;
      third.Open(2).number = 20;
      third.Append(std::make_unique<Value>(3));
      third.Seal();
    }
    first.Withdraw();
    EXPECT_EQ(Value::count, 3);
    List next = first.Successor();
    next.Open(2).number = 30;
    next.Seal();
    EXPECT_EQ(&next[0], shared);
    EXPECT_EQ(first[1].number, 1);
    EXPECT_EQ(next[1].number, 1);
    EXPECT_EQ(first[2].number, 2);
    EXPECT_EQ(Value::count, 4);
  }
  EXPECT_EQ(Value::count, 0);
}

TEST(ChainedListTest, AListWithoutSuccessorsHasNothingToWithdraw) {
  {
    const List first = Sealed(3);
    List second = first.Successor();
    second.Open(1).number = 10;
    second.Seal();
    second.Withdraw();
    EXPECT_EQ(second[1].number, 10);
    EXPECT_EQ(Value::count, 4);
  }
  EXPECT_EQ(Value::count, 0);
}

TEST(ChainedListTest, AssigningGivesUpWhatWasThere) {
  {
    List list = Sealed(3);
    list = Sealed(2);
    EXPECT_EQ(Value::count, 2);
    List next = list.Successor();
    next.Open(0);
    next.Seal();
    list = std::move(next);
    EXPECT_EQ(Value::count, 2);
  }
  EXPECT_EQ(Value::count, 0);
}

TEST(ChainedListTest, AnOldListHoldsAMillionSuccessorsThatGoWithoutDeepRecursion) {
  {
    const List oldest = Sealed(1);
    List newest = oldest.Successor();
    newest.Open(0);
    newest.Seal();
    for (int n = 0; n < 1'000'000; ++n) {
      List next = newest.Successor();
      if (n % 100'000 == 0) next.Open(0);
      next.Seal();
      newest = std::move(next);
    }
    EXPECT_EQ(oldest[0].number, 0);
  }
  EXPECT_EQ(Value::count, 0);
}

RC_GTEST_PROP(ChainedListTest, HoldsWhatItHeldUntilTheLastThatNeedsItGoes, ()) {
  std::map<int, std::pair<List, std::vector<int>>> lists;  // with what they hold
  int newest = 0;
  lists.emplace(0, std::make_pair(Sealed(4), std::vector<int>{0, 1, 2, 3}));
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1'000));
  for (const int step : steps) {
    if (step % 3 != 0 && lists.size() > 1) {
      // Not the newest: it may have successors yet.
      auto gone = lists.begin();
      std::advance(gone, step % static_cast<int>(lists.size() - 1));
      lists.erase(gone);
      continue;
    }
    const auto& [last, held] = lists.at(newest);
    List next = last.Successor();
    std::vector<int> values = held;
    for (size_t i = 0; i < values.size(); ++i) {
      if ((step >> (i % 8)) % 2 != 0) values[i] = next.Open(i).number = step + static_cast<int>(i);
    }
    if (step % 5 == 0) {
      values.push_back(step);
      next.Append(std::make_unique<Value>(step));
    }
    if (step % 7 == 0) continue;
    next.Seal();
    lists.emplace(++newest, std::make_pair(std::move(next), values));
  }
  std::map<const Value*, int> held;
  for (const auto& [n, entry] : lists) {
    const auto& [list, values] = entry;
    RC_ASSERT(list.size() == values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      RC_ASSERT(list[i].number == values[i]);
      held[&list[i]] = values[i];
    }
  }
  // What only lists between two that are there held may be there still, but no more than that.
  if (lists.size() == 1) RC_ASSERT(static_cast<size_t>(Value::count) == held.size());
  lists.clear();
  RC_ASSERT(Value::count == 0);
}

TEST(ChainedListTest, ListsMayGoOnOtherThreads) {
  constexpr int kLists = 2'000;
  {
    std::vector<std::shared_ptr<const List>> readers[2];
    auto newest = std::make_shared<const List>(Sealed(16));
    for (int n = 0; n < kLists; ++n) {
      List next = newest->Successor();
      next.Open(static_cast<size_t>(n % 16)).number = n;
      next.Seal();
      newest = std::make_shared<const List>(std::move(next));
      readers[0].push_back(newest);
      readers[1].push_back(newest);
    }
    std::atomic<int64_t> sum = 0;
    std::vector<std::thread> threads;
    for (auto& lists : readers) {
      threads.emplace_back([&lists, &sum, forward = &lists == &readers[0]] {
        for (int n = 0; n < kLists; ++n) {
          auto& list = lists[static_cast<size_t>(forward ? n : kLists - 1 - n)];
          for (size_t i = 0; i < list->size(); ++i) sum += (*list)[i].number;
          list.reset();
        }
      });
    }
    for (int n = 0; n < kLists; ++n) {
      List next = newest->Successor();
      next.Open(static_cast<size_t>(n % 16)).number = n;
      next.Seal();
      newest = std::make_shared<const List>(std::move(next));
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(sum, 0);
  }
  EXPECT_EQ(Value::count, 0);
}

}  // namespace
}  // namespace clv::query
