#include "services/query/projection/customer_profiles.h"

#include <string>

#include "gtest/gtest.h"

namespace clv::query {
namespace {

std::string IdOf(size_t i) { return std::string(i % 5 == 0 ? 256 : i % 7, 'a' + i % 26); }

TEST(CustomerProfilesTest, GivesTheIdsThatWereAppended) {
  CustomerProfiles profiles;
  for (size_t i = 0; i < kChunkCustomers; ++i) {
    EXPECT_EQ(profiles.Id(i), "");
    profiles.AppendId(i, IdOf(i));
    for (size_t k = 0; k <= i; ++k) EXPECT_EQ(profiles.Id(k), IdOf(k));
  }
}

TEST(CustomerProfilesTest, IsRestoredFromWhatItIsMadeOf) {
  CustomerProfiles profiles;
  for (size_t i = 0; i < 40; ++i) profiles.AppendId(i, IdOf(i));
  CustomerProfiles restored;
  ASSERT_TRUE(restored.Restore(profiles.ids(), profiles.id_ends()));
  for (size_t i = 0; i < kChunkCustomers; ++i) EXPECT_EQ(restored.Id(i), profiles.Id(i));
}

TEST(CustomerProfilesTest, RefusesEndsThatDoNotRiseToTheEnd) {
  CustomerProfiles profiles;
  Column<uint16_t> ends = {};
  EXPECT_FALSE(profiles.Restore("a", ends));
  ends.fill(2);
  EXPECT_FALSE(profiles.Restore("a", ends));
  ends.fill(1);
  ends[0] = 2;
  EXPECT_FALSE(profiles.Restore("a", ends));
  EXPECT_EQ(profiles.Id(0), "");
  ends[0] = 0;
  EXPECT_TRUE(profiles.Restore("a", ends));
  EXPECT_EQ(profiles.Id(1), "a");
}

}  // namespace
}  // namespace clv::query
