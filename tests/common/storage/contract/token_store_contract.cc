#include "tests/common/storage/contract/token_store_contract.h"

#include <optional>
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

AuditEntry TokenStoreContract::Entry(const std::string& action, const std::string& subject) {
  return {.recorded_at_seconds = 1'700'000'001,
          .actor = "keeper",
          .action = action,
          .subject = subject,
          .request_id = "r1"};
}

absl::Status TokenStoreContract::Create(const StoredToken& token) {
  return store_->CreateToken(token, Entry("token.create", token.name));
}

StoredToken TokenStoreContract::OnlyToken() {
  const auto tokens = store_->ListTokens();
  EXPECT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->size(), 1u);
  return tokens->empty() ? StoredToken() : tokens->front();
}

std::vector<std::string> TokenStoreContract::Audited(uint64_t limit, uint64_t offset) {
  std::vector<std::string> entries;
  const auto list = home_->Audit()->List(limit, offset);
  EXPECT_TRUE(list.ok()) << list.status();
  if (!list.ok()) return entries;
  for (const AuditEntry& entry : *list) entries.push_back(entry.action + " " + entry.subject);
  return entries;
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
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(Create(Token(name)).ok());
  EXPECT_THAT(Names(*store_), ElementsAre("a", "b", "c"));
}

TEST_P(TokenStoreContract, KeepsATokenWhole) {
  Open();
  ASSERT_TRUE(Create(Token("reader")).ok());
  Open();
  const StoredToken token = OnlyToken();
  EXPECT_EQ(token.hash, Token("reader").hash);
  EXPECT_EQ(token.prefix, "abcdef");
  EXPECT_EQ(token.created_at_seconds, 1'700'000'000);
  EXPECT_THAT(token.scopes, ElementsAre("PIPES:READ:b", "DATASOURCES:APPEND:a"));
}

TEST_P(TokenStoreContract, KeepsATokenWithoutScopes) {
  Open();
  StoredToken token = Token("powerless");
  token.scopes.clear();
  ASSERT_TRUE(Create(token).ok());
  EXPECT_THAT(store_->ListTokens()->front().scopes, IsEmpty());
}

TEST_P(TokenStoreContract, RefusesATakenNameAndKeepsTheFirst) {
  Open();
  ASSERT_TRUE(Create(Token("reader")).ok());
  StoredToken second = Token("reader");
  second.hash[0] = 'x';
  second.scopes = {"ADMIN"};
  EXPECT_EQ(Create(second).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(store_->ListTokens()->front().hash, Token("reader").hash);
}

TEST_P(TokenStoreContract, DeletesATokenWithItsScopes) {
  Open();
  ASSERT_TRUE(Create(Token("reader")).ok());
  ASSERT_TRUE(store_->DeleteToken("reader", Entry("token.delete", "reader")).ok());
  EXPECT_THAT(Names(*store_), IsEmpty());
  StoredToken again = Token("reader");
  again.scopes = {"TOKENS"};
  ASSERT_TRUE(Create(again).ok());
  EXPECT_THAT(store_->ListTokens()->front().scopes, ElementsAre("TOKENS"));
}

TEST_P(TokenStoreContract, HasNothingToDeleteUnderAnUnknownName) {
  Open();
  EXPECT_EQ(store_->DeleteToken("nobody", Entry("token.delete", "nobody")).code(),
            absl::StatusCode::kNotFound);
}

TEST_P(TokenStoreContract, VersionMovesWithEveryChange) {
  Open();
  const int64_t before = store_->TokensVersion().value();
  ASSERT_TRUE(Create(Token("reader")).ok());
  const int64_t created = store_->TokensVersion().value();
  ASSERT_TRUE(store_->DeleteToken("reader", Entry("token.delete", "reader")).ok());
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
  ASSERT_TRUE(Create(Token("reader")).ok());
  EXPECT_NE(reader->TokensVersion().value(), before);
  EXPECT_THAT(Names(*reader), ElementsAre("reader"));
}

TEST_P(TokenStoreContract, KeepsDescriptionAndLimits) {
  Open();
  StoredToken token = Token("limited");
  token.description = "for the shop \xc3\xa9";
  token.limits = {.requests_per_second = 0.5, .bytes_per_second = 0};
  ASSERT_TRUE(Create(token).ok());
  Open();
  EXPECT_EQ(OnlyToken().description, token.description);
  EXPECT_EQ(OnlyToken().limits, token.limits);
}

TEST_P(TokenStoreContract, AbsentLimitsStayAbsent) {
  Open();
  ASSERT_TRUE(Create(Token("reader")).ok());
  EXPECT_EQ(OnlyToken().limits, TokenLimits());
}

TEST_P(TokenStoreContract, AnUpdateReplacesScopesDescriptionAndLimitsOnly) {
  Open();
  ASSERT_TRUE(Create(Token("reader")).ok());
  StoredToken changed{.name = "reader", .scopes = {"TOKENS"}, .description = "new"};
  changed.limits.bytes_per_second = 1000;
  ASSERT_TRUE(store_->UpdateToken(changed, Entry("token.update", "reader")).ok());
  Open();
  const StoredToken token = OnlyToken();
  EXPECT_THAT(token.scopes, ElementsAre("TOKENS"));
  EXPECT_EQ(token.description, "new");
  EXPECT_EQ(token.limits, changed.limits);
  EXPECT_EQ(token.hash, Token("reader").hash);
  EXPECT_EQ(token.prefix, Token("reader").prefix);
  EXPECT_EQ(token.created_at_seconds, Token("reader").created_at_seconds);
}

TEST_P(TokenStoreContract, ARefreshReplacesHashAndPrefixOnly) {
  Open();
  ASSERT_TRUE(Create(Token("reader")).ok());
  const StoredToken fresh{.name = "reader", .hash = std::string(32, 'n'), .prefix = "ghijkl"};
  ASSERT_TRUE(store_->RefreshToken(fresh, Entry("token.refresh", "reader")).ok());
  Open();
  const StoredToken token = OnlyToken();
  EXPECT_EQ(token.hash, fresh.hash);
  EXPECT_EQ(token.prefix, fresh.prefix);
  EXPECT_THAT(token.scopes, ElementsAre("PIPES:READ:b", "DATASOURCES:APPEND:a"));
}

TEST_P(TokenStoreContract, HasNothingToChangeUnderAnUnknownName) {
  Open();
  ASSERT_TRUE(Create(Token("reader")).ok());
  EXPECT_EQ(store_->UpdateToken(Token("nobody"), Entry("token.update", "nobody")).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->RefreshToken(Token("nobody"), Entry("token.refresh", "nobody")).code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(OnlyToken().scopes, ElementsAre("PIPES:READ:b", "DATASOURCES:APPEND:a"));
}

TEST_P(TokenStoreContract, ChangesAndNewsOfTheAdminTokenMoveTheVersion) {
  Open();
  const auto reader = home_->OpenReader();
  ASSERT_TRUE(Create(Token("reader")).ok());
  const std::vector<std::function<absl::Status()>> changes = {
      [&] { return store_->UpdateToken(Token("reader"), Entry("token.update", "reader")); },
      [&] { return store_->RefreshToken(Token("reader"), Entry("token.refresh", "reader")); },
      [&] { return store_->AnnounceAdminToken(Entry("token.refresh", "admin")); },
      [&] { return store_->AnnounceAdminToken(std::nullopt); }};
  for (const auto& change : changes) {
    const int64_t own = store_->TokensVersion().value();
    const int64_t other = reader->TokensVersion().value();
    ASSERT_TRUE(change().ok());
    EXPECT_NE(store_->TokensVersion().value(), own);
    EXPECT_NE(reader->TokensVersion().value(), other);
  }
}

TEST_P(TokenStoreContract, EveryChangeHasItsAuditEntryNewestFirst) {
  Open();
  ASSERT_TRUE(Create(Token("reader")).ok());
  ASSERT_TRUE(store_->UpdateToken(Token("reader"), Entry("token.update", "reader")).ok());
  ASSERT_TRUE(store_->RefreshToken(Token("reader"), Entry("token.refresh", "reader")).ok());
  ASSERT_TRUE(store_->AnnounceAdminToken(Entry("token.refresh", "admin")).ok());
  ASSERT_TRUE(store_->AnnounceAdminToken(std::nullopt).ok());
  ASSERT_TRUE(store_->DeleteToken("reader", Entry("token.delete", "reader")).ok());
  Open();
  EXPECT_THAT(Audited(),
              ElementsAre("token.delete reader", "token.refresh admin", "token.refresh reader",
                          "token.update reader", "token.create reader"));
}

TEST_P(TokenStoreContract, ARefusedChangeHasNoAuditEntry) {
  Open();
  ASSERT_TRUE(Create(Token("reader")).ok());
  EXPECT_FALSE(Create(Token("reader")).ok());
  EXPECT_FALSE(store_->UpdateToken(Token("nobody"), Entry("token.update", "nobody")).ok());
  EXPECT_FALSE(store_->RefreshToken(Token("nobody"), Entry("token.refresh", "nobody")).ok());
  EXPECT_FALSE(store_->DeleteToken("nobody", Entry("token.delete", "nobody")).ok());
  EXPECT_THAT(Audited(), ElementsAre("token.create reader"));
}

TEST_P(TokenStoreContract, KeepsAnAuditEntryWhole) {
  Open();
  ASSERT_TRUE(home_->Audit()->Append(Entry("customer.erase", "job-1")).ok());
  Open();
  const auto list = home_->Audit()->List(10, 0);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->size(), 1u);
  const AuditEntry& entry = list->front();
  EXPECT_GT(entry.id, 0u);
  EXPECT_EQ(entry.recorded_at_seconds, 1'700'000'001);
  EXPECT_EQ(entry.actor, "keeper");
  EXPECT_EQ(entry.action, "customer.erase");
  EXPECT_EQ(entry.subject, "job-1");
  EXPECT_EQ(entry.request_id, "r1");
}

TEST_P(TokenStoreContract, PagesAndCountsTheAuditLog) {
  Open();
  for (const char* job : {"1", "2", "3", "4", "5"}) {
    ASSERT_TRUE(home_->Audit()->Append(Entry("rows.delete", job)).ok());
  }
  EXPECT_EQ(home_->Audit()->Count().value(), 5u);
  EXPECT_THAT(Audited(2, 0), ElementsAre("rows.delete 5", "rows.delete 4"));
  EXPECT_THAT(Audited(2, 4), ElementsAre("rows.delete 1"));
  EXPECT_THAT(Audited(2, 6), IsEmpty());
}

}  // namespace clv::storage
