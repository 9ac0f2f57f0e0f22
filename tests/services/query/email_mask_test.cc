#include "services/query/email_mask.h"

#include <gtest/gtest.h>

namespace clv::query {
namespace {

TEST(EmailMaskTest, KeepsTheFirstCharacterAndTheDomain) {
  EXPECT_EQ(MaskEmail("john@example.com"), "j***@example.com");
}

TEST(EmailMaskTest, KeepsWholeCharacters) {
  EXPECT_EQ(MaskEmail("élan@example.com"), "é***@example.com");
}

TEST(EmailMaskTest, CountsTheLastAtSign) { EXPECT_EQ(MaskEmail("a@b@c.de"), "a***@c.de"); }

TEST(EmailMaskTest, HidesATextWithoutAtSign) {
  EXPECT_EQ(MaskEmail("john"), "***");
  EXPECT_EQ(MaskEmail(""), "***");
}

}  // namespace
}  // namespace clv::query
