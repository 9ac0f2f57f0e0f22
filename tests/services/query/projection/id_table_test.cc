#include "services/query/projection/id_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace clv::query {
namespace {

std::vector<std::string> Ids(size_t count) {
  std::vector<std::string> ids;
  for (size_t i = 0; i < count; ++i) ids.push_back("customer " + std::to_string(i));
  return ids;
}

TEST(IdTableTest, FindsEveryIdUpToItsCapacityAndNoOther) {
  IdTable table(32);
  const std::vector<std::string> ids = Ids(table.capacity());
  for (uint32_t i = 0; i < ids.size(); ++i) table.Add(ids[i], i);
  const auto find = [&](const std::string& id, uint32_t size) {
    return table.Find(id, size, [&](uint32_t number) { return ids[number] == id; });
  };
  const auto size = static_cast<uint32_t>(ids.size());
  for (uint32_t i = 0; i < size; ++i) EXPECT_EQ(find(ids[i], size), i);
  EXPECT_EQ(find("nobody", size), std::nullopt);
  EXPECT_EQ(find("", size), std::nullopt);
}

TEST(IdTableTest, DoesNotAskAboutNumbersThatAVersionLacks) {
  IdTable table(100);
  const std::vector<std::string> ids = Ids(100);
  for (uint32_t i = 0; i < ids.size(); ++i) table.Add(ids[i], i);
  for (uint32_t i = 0; i < ids.size(); ++i) {
    const auto found = table.Find(ids[i], 40, [&](uint32_t number) {
      EXPECT_LT(number, 40u);
      return ids[number] == ids[i];
    });
    EXPECT_EQ(found.has_value(), i < 40);
  }
}

TEST(IdTableTest, IsReadWhileOthersAreAdded) {
  constexpr uint32_t kIds = 20'000;
  IdTable table(kIds);
  const std::vector<std::string> ids = Ids(kIds);
  std::atomic<uint32_t> size{0};
  std::thread writer([&] {
    for (uint32_t i = 0; i < kIds; ++i) {
      table.Add(ids[i], i);
      size = i + 1;
    }
  });
  uint32_t wrong = 0;
  for (uint32_t seen = 0; seen < kIds;) {
    seen = size;
    for (uint32_t i = 0; i < kIds; i += 1 + i / 7) {
      const auto found =
          table.Find(ids[i], seen, [&](uint32_t number) { return ids[number] == ids[i]; });
      if (found != (i < seen ? std::optional<uint32_t>(i) : std::nullopt)) ++wrong;
    }
  }
  writer.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace clv::query
