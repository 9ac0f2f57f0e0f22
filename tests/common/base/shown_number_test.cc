#include "common/base/shown_number.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <thread>

#include "gtest/gtest.h"
#include "tests/common/storage/temp_directory.h"

namespace clv {
namespace {

class ShownNumberTest : public ::testing::Test {
 protected:
  TempDirectory directory_;
  const std::string path_ = directory_.path() + "/number";
  ShownNumberReader reader_{path_};
};

TEST_F(ShownNumberTest, IsReadAsItWasShownLast) {
  ShownNumber number(path_);
  EXPECT_EQ(reader_.Read(), std::nullopt) << "there is no file yet";
  number.Show(7);
  EXPECT_EQ(reader_.Read(), 7u);
  number.Show(UINT64_MAX);
  EXPECT_EQ(reader_.Read(), UINT64_MAX);
  EXPECT_EQ(ShownNumberReader(path_).Read(), UINT64_MAX);
}

TEST_F(ShownNumberTest, EndsWithWhoShowedIt) {
  {
    ShownNumber number(path_);
    number.Show(7);
    EXPECT_EQ(reader_.Read(), 7u);
  }
  EXPECT_EQ(reader_.Read(), std::nullopt);
  ShownNumber next(path_);
  EXPECT_EQ(reader_.Read(), std::nullopt) << "it has shown nothing yet";
  next.Show(8);
  EXPECT_EQ(reader_.Read(), 8u);
}

TEST_F(ShownNumberTest, EndsWithAProcessThatIsKilled) {
  int shown[2];
  ASSERT_EQ(pipe(shown), 0);
  const pid_t child = fork();
  if (child == 0) {
    ShownNumber number(path_);
    number.Show(7);
    if (write(shown[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(shown[0], &byte, 1), 1);
  EXPECT_EQ(reader_.Read(), 7u);
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_EQ(reader_.Read(), std::nullopt);
  close(shown[0]);
  close(shown[1]);
}

TEST_F(ShownNumberTest, IsNothingWhereNoFileCanBe) {
  ShownNumber number(directory_.path() + "/absent/number");
  number.Show(7);
  EXPECT_EQ(ShownNumberReader(directory_.path() + "/absent/number").Read(), std::nullopt);
}

TEST_F(ShownNumberTest, IsNeverHalfOfTwoNumbers) {
  std::atomic<bool> is_over = false;
  ShownNumber number(path_);
  number.Show(0);
  std::thread writer([&] {
    for (uint64_t i = 0; !is_over; ++i) number.Show(i % 2 == 0 ? 0 : UINT64_MAX);
  });
  for (int i = 0; i < 20'000; ++i) {
    const std::optional<uint64_t> read = reader_.Read();
    EXPECT_TRUE(read == 0 || read == UINT64_MAX) << read.value_or(1);
  }
  is_over = true;
  writer.join();
}

}  // namespace
}  // namespace clv
