#include "services/query/projection/stable_list.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace clv::query {
namespace {

TEST(StableListTest, ElementsStayWhereTheyAre) {
  StableList<std::string> list;
  EXPECT_EQ(list.size(), 0u);
  EXPECT_EQ(list.Append("first"), 0u);
  const std::string* const first = &list[0];
  for (int i = 1; i < 5'000; ++i) {
    EXPECT_EQ(list.Append(std::to_string(i)), static_cast<size_t>(i));
  }
  EXPECT_EQ(&list[0], first);
  EXPECT_EQ(*first, "first");
  EXPECT_EQ(list[1'023], "1023");
  EXPECT_EQ(list[1'024], "1024");
  EXPECT_EQ(list[4'999], "4999");
}

TEST(StableListTest, IsReadBelowASizeWhileItGrows) {
  constexpr size_t kSize = 30'000;
  StableList<std::string> list;
  std::atomic<size_t> size{0};
  std::thread writer([&] {
    for (size_t i = 0; i < kSize; ++i) {
      list.Append(std::to_string(i));
      size = i + 1;
    }
  });
  size_t wrong = 0;
  for (size_t seen = 0; seen < kSize;) {
    seen = size;
    for (size_t i = seen > 100 ? seen - 100 : 0; i < seen; ++i) {
      if (list[i] != std::to_string(i)) ++wrong;
    }
  }
  writer.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace clv::query
