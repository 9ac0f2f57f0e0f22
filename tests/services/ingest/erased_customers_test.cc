#include "services/ingest/erased_customers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace clv::ingest {
namespace {

std::string Hex(const std::string& bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kHex[static_cast<unsigned char>(c) >> 4];
    hex += kHex[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

// RFC 4231, test case 2.
TEST(ErasedCustomersTest, HashesAreHmacSha256) {
  EXPECT_EQ(Hex(ErasedCustomers("Jefe").HashOf("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(ErasedCustomersTest, TwoKeysOnOneThreadDoNotMix) {
  const ErasedCustomers one("key one");
  const ErasedCustomers two("key two");
  const std::string hash = one.HashOf("c1");
  EXPECT_NE(two.HashOf("c1"), hash);
  EXPECT_EQ(one.HashOf("c1"), hash);
}

TEST(ErasedCustomersTest, KnowsWhoWasAdded) {
  ErasedCustomers erased(std::string(32, 'k'));
  EXPECT_EQ(erased.generation(), 0u);
  EXPECT_FALSE(erased.Contains("c1"));
  erased.Add(erased.HashOf("c1"));
  EXPECT_TRUE(erased.Contains("c1"));
  EXPECT_FALSE(erased.Contains("c2"));
  EXPECT_FALSE(erased.Contains(""));
  EXPECT_EQ(erased.generation(), 1u);
}

TEST(ErasedCustomersTest, TheGenerationMovesWithNewHashesOnly) {
  ErasedCustomers erased("k");
  erased.Add(erased.HashOf("c1"));
  erased.Add(erased.HashOf("c1"));
  EXPECT_EQ(erased.generation(), 1u);
  erased.Add(erased.HashOf("c2"));
  EXPECT_EQ(erased.generation(), 2u);
}

TEST(ErasedCustomersTest, BeginsWithTheHashesOfBefore) {
  ErasedCustomers before("k");
  const ErasedCustomers erased("k", {before.HashOf("c1"), before.HashOf("c2")});
  EXPECT_TRUE(erased.Contains("c1"));
  EXPECT_TRUE(erased.Contains("c2"));
  EXPECT_GT(erased.generation(), 0u);
}

TEST(ErasedCustomersTest, ThreadsAskWhileOneAdds) {
  ErasedCustomers erased("k");
  std::atomic<bool> ending = false;
  std::vector<std::thread> askers;
  for (int i = 0; i < 3; ++i) {
    askers.emplace_back([&] {
      while (!ending) {
        EXPECT_FALSE(erased.Contains("nobody"));
        const uint64_t generation = erased.generation();
        // Who was added in a generation is known in it.
        if (generation == 0) continue;
        EXPECT_TRUE(erased.Contains(std::to_string(generation - 1)));
      }
    });
  }
  for (int i = 0; i < 500; ++i) erased.Add(erased.HashOf(std::to_string(i)));
  ending = true;
  for (std::thread& asker : askers) asker.join();
}

}  // namespace
}  // namespace clv::ingest
