#include "tests/common/storage/contract/token_store_contract.h"

#include <utility>

#include "gmock/gmock.h"

namespace clv::storage {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TokenStoreContract);

void TokenStoreContract::SetUp() { home_ = GetParam()(); }

void TokenStoreContract::Open() {
  store_.reset();
  auto store = home_->OpenStore();
  ASSERT_TRUE(store.ok()) << store.status();
  store_ = *std::move(store);
}

StoredToken TokenStoreContract::Token(const std::string& name) {
  std::string hash = name + std::string(1, '\0') + "\xff";
  hash.resize(32, 'h');
  return {.name = name,
          .scopes = {"PIPES:READ:b", "DATASOURCES:APPEND:a"},
          .hash = hash,
          .prefix = "abcdef",
          .created_at_seconds = 1'700'000'000};
}

std::vector<std::string> TokenStoreContract::Names(TokenReader& reader) {
  std::vector<std::string> names;
  const auto tokens = reader.ListTokens();
  EXPECT_TRUE(tokens.ok()) << tokens.status();
  if (!tokens.ok()) return names;
  for (const StoredToken& token : *tokens) names.push_back(token.name);
  return names;
}

TEST_P(TokenStoreContract, BeginsEmpty) {
  Open();
  EXPECT_THAT(Names(*store_), IsEmpty());
}

TEST_P(TokenStoreContract, ListsTokensByName) {
  Open();
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(store_->CreateToken(Token(name)).ok());
  EXPECT_THAT(Names(*store_), ElementsAre("a", "b", "c"));
}

TEST_P(TokenStoreContract, KeepsATokenWhole) {
  Open();
  ASSERT_TRUE(store_->CreateToken(Token("reader")).ok());
  Open();
  const auto tokens = store_->ListTokens();
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  ASSERT_EQ(tokens->size(), 1u);
  const StoredToken& token = tokens->front();
  EXPECT_EQ(token.hash, Token("reader").hash);
  EXPECT_EQ(token.prefix, "abcdef");
  EXPECT_EQ(token.created_at_seconds, 1'700'000'000);
  EXPECT_THAT(token.scopes, ElementsAre("PIPES:READ:b", "DATASOURCES:APPEND:a"));
}

TEST_P(TokenStoreContract, KeepsATokenWithoutScopes) {
  Open();
  StoredToken token = Token("powerless");
  token.scopes.clear();
  ASSERT_TRUE(store_->CreateToken(token).ok());
  EXPECT_THAT(store_->ListTokens()->front().scopes, IsEmpty());
}

TEST_P(TokenStoreContract, RefusesATakenNameAndKeepsTheFirst) {
  Open();
  ASSERT_TRUE(store_->CreateToken(Token("reader")).ok());
  StoredToken second = Token("reader");
  second.hash[0] = 'x';
  second.scopes = {"ADMIN"};
  EXPECT_EQ(store_->CreateToken(second).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(store_->ListTokens()->front().hash, Token("reader").hash);
}

TEST_P(TokenStoreContract, DeletesATokenWithItsScopes) {
  Open();
  ASSERT_TRUE(store_->CreateToken(Token("reader")).ok());
  ASSERT_TRUE(store_->DeleteToken("reader").ok());
  EXPECT_THAT(Names(*store_), IsEmpty());
  StoredToken again = Token("reader");
  again.scopes = {"TOKENS"};
  ASSERT_TRUE(store_->CreateToken(again).ok());
  EXPECT_THAT(store_->ListTokens()->front().scopes, ElementsAre("TOKENS"));
}

TEST_P(TokenStoreContract, HasNothingToDeleteUnderAnUnknownName) {
  Open();
  EXPECT_EQ(store_->DeleteToken("nobody").code(), absl::StatusCode::kNotFound);
}

TEST_P(TokenStoreContract, VersionMovesWithEveryChange) {
  Open();
  const int64_t before = store_->TokensVersion().value();
  ASSERT_TRUE(store_->CreateToken(Token("reader")).ok());
  const int64_t created = store_->TokensVersion().value();
  ASSERT_TRUE(store_->DeleteToken("reader").ok());
  EXPECT_NE(created, before);
  EXPECT_NE(store_->TokensVersion().value(), created);
}

TEST_P(TokenStoreContract, AReaderIsUnavailableUntilThereIsAStore) {
  const auto reader = home_->OpenReader();
  EXPECT_EQ(reader->ListTokens().status().code(), absl::StatusCode::kUnavailable);
  Open();
  EXPECT_THAT(Names(*reader), IsEmpty());
}

TEST_P(TokenStoreContract, AReaderSeesChangesAndItsVersionMoves) {
  Open();
  const auto reader = home_->OpenReader();
  const int64_t before = reader->TokensVersion().value();
  ASSERT_TRUE(store_->CreateToken(Token("reader")).ok());
  EXPECT_NE(reader->TokensVersion().value(), before);
  EXPECT_THAT(Names(*reader), ElementsAre("reader"));
}

}  // namespace clv::storage
