#include "common/base/shown_number.h"

#include <atomic>
#include <optional>
#include <thread>

#include "gtest/gtest.h"
#include "tests/common/storage/temp_directory.h"

namespace clv {
namespace {

TEST(ShownNumberTest, IsReadByOthersAsItWasShownLast) {
  TempDirectory directory;
  ShownNumber writer(directory.path() + "/number");
  ShownNumber reader(directory.path() + "/number");
  EXPECT_EQ(reader.Read(), std::nullopt) << "there is no file yet";
  writer.Show(7);
  EXPECT_EQ(reader.Read(), 7u);
  writer.Show(UINT64_MAX);
  EXPECT_EQ(reader.Read(), UINT64_MAX);
  EXPECT_EQ(writer.Read(), UINT64_MAX);
}

TEST(ShownNumberTest, OutlivesWhoShowedIt) {
  TempDirectory directory;
  ShownNumber(directory.path() + "/number").Show(7);
  EXPECT_EQ(ShownNumber(directory.path() + "/number").Read(), 7u);
}

TEST(ShownNumberTest, IsNothingWhereNoFileCanBe) {
  TempDirectory directory;
  ShownNumber number(directory.path() + "/absent/number");
  number.Show(7);
  EXPECT_EQ(number.Read(), std::nullopt);
}

TEST(ShownNumberTest, IsNeverHalfOfTwoNumbers) {
  TempDirectory directory;
  ShownNumber number(directory.path() + "/number");
  number.Show(0);
  std::atomic<bool> is_over = false;
  std::thread writer([&] {
    for (uint64_t i = 0; !is_over; ++i) number.Show(i % 2 == 0 ? 0 : UINT64_MAX);
  });
  for (int i = 0; i < 20'000; ++i) {
    const std::optional<uint64_t> read = number.Read();
    EXPECT_TRUE(read == 0 || read == UINT64_MAX) << read.value_or(1);
  }
  is_over = true;
  writer.join();
}

}  // namespace
}  // namespace clv
