// Every method of every service with every kind of token, against a running suite.
//
// What must happen follows from the option `(clv.v1.access)` of the descriptors that are shipped,
// so a new method is in the matrix by itself. Methods that admit any token and check the resource
// that their request names have a line in SampleCalls(); one that is served and has none fails the
// test.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clv/v1/admin_service.grpc.pb.h"
#include "clv/v1/options.pb.h"
#include "common/rpc/jwt.h"
#include "common/rpc/v0_reply.h"
#include "services/suite/suite.h"
#include "tests/common/storage/temp_directory.h"

namespace clv::suite {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using Scopes = std::vector<std::string>;

constexpr char kPackage[] = "clv.v1";
constexpr char kHttpBody[] = "google.api.HttpBody";
constexpr char kAnyToken[] = "AUTHENTICATED";

// A call of a method that checks the resource by itself.
struct SampleCall {
  Scopes any_of;             // what opens it; kAnyToken: every valid token
  std::string request = {};  // in text format
  std::string target = {};   // of the HTTP request, for /v0
  std::string http_method = "POST";
};

const std::map<std::string, SampleCall>& SampleCalls() {
  static const auto* const calls = new std::map<std::string, SampleCall>{
      {"IngestService.AppendEvents",
       {.any_of = {"DATASOURCES:APPEND:customers"},
        .request = R"pb(body { data: "{\"customer_id\":\"matrix\"}" })pb",
        .target = "/v0/events?name=customers"}},
      {"QueryService.ListQuarantinedRows",
       {.any_of = {"DATASOURCES:APPEND:customers", "DATASOURCES:READ:customers"},
        .request = R"pb(data_source: "customers")pb"}},
      {"QueryService.ListPipes", {.any_of = {kAnyToken}}},
      {"QueryService.DescribePipes",
       {.any_of = {kAnyToken}, .target = "/v0/pipes", .http_method = "GET"}},
      {"QueryService.QueryPipe",
       {.any_of = {"PIPES:READ:clv_by_segment"},
        .request = R"pb(pipe: "clv_by_segment.json")pb",
        .target = "/v0/pipes/clv_by_segment.json",
        .http_method = "GET"}},
      {"DataSourceService.ImportFile",
       {.any_of = {"DATASOURCES:APPEND:customers"},
        .request = R"pb(data_source: "customers"
                        format: FILE_FORMAT_NDJSON
                        body { data: "{\"customer_id\":\"matrix\"}" })pb"}},
      {"DataSourceService.ExportRows",
       {.any_of = {"DATASOURCES:READ:customers"}, .request = R"pb(data_source: "customers")pb"}},
      {"DataSourceService.ListDataSources", {.any_of = {kAnyToken}}},
      {"DataSourceService.GetDataSource",
       {.any_of = {"DATASOURCES:APPEND:customers", "DATASOURCES:READ:customers"},
        .request = R"pb(data_source: "customers")pb"}},
      {"DataSourceService.CountQuarantinedRows",
       {.any_of = {"DATASOURCES:APPEND:customers", "DATASOURCES:READ:customers"},
        .request = R"pb(data_source: "customers")pb"}},
      {"DataSourceService.RetryQuarantinedRows",
       {.any_of = {"DATASOURCES:APPEND:customers"}, .request = R"pb(data_source: "customers")pb"}},
      {"DataSourceService.AppendFile",
       {.any_of = {"DATASOURCES:APPEND:customers"},
        .request = R"pb(body { data: "{\"customer_id\":\"matrix\"}" })pb",
        .target = "/v0/datasources?name=customers&mode=append&format=ndjson"}},
      {"DataSourceService.DescribeDataSources",
       {.any_of = {kAnyToken}, .target = "/v0/datasources", .http_method = "GET"}},
      {"DataSourceService.ChangeDataSource",
       {.any_of = {"ADMIN"},
        .request = R"pb(name: "customers"
                        action: "delete"
                        body { data: "delete_condition=customer_id%3D'x'&dry_run=true" })pb",
        .target = "/v0/datasources/customers/delete"}},
  };
  return *calls;
}

// A token and what it opens.
struct Credential {
  std::string kind;
  std::string token;  // empty: none is sent
  bool is_valid = true;
  Scopes scopes = {};
  // The scopes come with fixed parameters.
  bool is_fixed = false;
};

// Independent of the code under test.
bool Opens(const Scopes& held, const std::string& wanted) {
  return std::any_of(held.begin(), held.end(), [&](const std::string& scope) {
    if (scope == "ADMIN" || scope == wanted) return true;
    const size_t star = scope.find('*');
    return star != std::string::npos && wanted.compare(0, star, scope, 0, star) == 0;
  });
}

// What a call came to.
struct Outcome {
  grpc::Status status;
  int http_status = 0;  // of /v0
  std::string body;

  bool is_unimplemented() const {
    return status.error_code() == grpc::StatusCode::UNIMPLEMENTED || http_status == 501;
  }
  std::string Verdict() const {
    if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED) return "unauthenticated";
    if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED) return "denied";
    if (http_status != 403) return "admitted";
    return body.find("invalid authentication token") != std::string::npos ? "unauthenticated"
                                                                          : "denied";
  }
  std::string Text() const {
    return std::to_string(status.error_code()) + " " + status.error_message() + " " +
           std::to_string(http_status) + " " + body.substr(0, 200);
  }
};

class AuthorizationMatrixTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::unsetenv("CLV_ADMIN_TOKEN");
    directory_ = new TempDirectory();
    suite_ =
        Suite::Start(
            {.directory = {directory_->path()}, .http_address = "", .grpc_address = "127.0.0.1:0"})
            .value()
            .release();
    ReadDescriptors();
    MakeCredentials();
  }

  static void TearDownTestSuite() {
    delete suite_;
    delete directory_;
  }

  static void ReadDescriptors() {
    std::ifstream file(std::getenv("CLV_DESCRIPTOR_SET"), std::ios::binary);
    google::protobuf::FileDescriptorSet set;
    ASSERT_TRUE(set.ParseFromIstream(&file));
    pool_ = new google::protobuf::DescriptorPool();
    messages_ = new google::protobuf::DynamicMessageFactory();
    for (const auto& proto : set.file()) {
      const google::protobuf::FileDescriptor* built = pool_->BuildFile(proto);
      ASSERT_NE(built, nullptr) << proto.name();
      if (built->package() != kPackage) continue;
      for (int s = 0; s < built->service_count(); ++s) {
        for (int m = 0; m < built->service(s)->method_count(); ++m) {
          methods_.push_back(built->service(s)->method(m));
        }
      }
    }
  }

  static std::string NewToken(const std::string& name, const Scopes& scopes) {
    v1::CreateTokenRequest request;
    request.set_name(name);
    for (const std::string& scope : scopes) request.add_scopes(scope);
    v1::CreateTokenResponse response;
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + suite_->admin_token());
    const grpc::Status status =
        v1::AdminService::NewStub(suite_->channel())->CreateToken(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.secret();
  }

  static std::string Jwt(const std::string& key, int64_t lifetime, const Scopes& scopes,
                         const rpc::FixedParams& params = {}) {
    rpc::JwtClaims claims{.name = "matrix",
                          .expires_at_seconds = SystemClock().NowSeconds() + lifetime};
    for (const std::string& scope : scopes) claims.scopes.push_back({scope, params});
    return rpc::SignJwt(claims, key);
  }

  static void MakeCredentials() {
    const std::string& admin = suite_->admin_token();
    const Scopes all = {"PIPES:READ:*", "DATASOURCES:READ:*", "DATASOURCES:APPEND:*"};
    const std::string revoked = NewToken("revoked", {"ADMIN"});
    v1::DeleteTokenRequest request;
    request.set_name("revoked");
    v1::DeleteTokenResponse response;
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + admin);
    ASSERT_TRUE(v1::AdminService::NewStub(suite_->channel())
                    ->DeleteToken(&context, request, &response)
                    .ok());
    credentials_ = {
        {.kind = "none", .token = "", .is_valid = false},
        {.kind = "wrong",
         .token = "clv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         .is_valid = false},
        {.kind = "revoked", .token = revoked, .is_valid = false},
        {.kind = "expired JWT", .token = Jwt(admin, -1, all), .is_valid = false},
        {.kind = "JWT of another key", .token = Jwt("another", 3600, all), .is_valid = false},
    };
    const auto add = [](const std::string& kind, const Scopes& scopes) {
      credentials_.push_back({.kind = kind, .token = NewToken(kind, scopes), .scopes = scopes});
    };
    add("matrix append", {"DATASOURCES:APPEND:*"});
    add("matrix read", {"PIPES:READ:*"});
    add("read data", {"DATASOURCES:READ:*"});
    add("tokens", {"TOKENS"});
    add("one resource", {"PIPES:READ:clv_prediction", "DATASOURCES:APPEND:customer_clv",
                         "DATASOURCES:READ:customer_clv"});
    add("other resource", {"PIPES:READ:clv_by_segment", "DATASOURCES:APPEND:customers",
                           "DATASOURCES:READ:customers"});
    add("ADMIN scope", {"ADMIN"});
    credentials_.push_back({.kind = "JWT", .token = Jwt(admin, 3600, all), .scopes = all});
    credentials_.push_back({.kind = "JWT of one resource",
                            .token = Jwt(admin, 3600, {"PIPES:READ:clv_prediction"}),
                            .scopes = {"PIPES:READ:clv_prediction"}});
    credentials_.push_back({.kind = "JWT with fixed parameters",
                            .token = Jwt(admin, 3600, {"PIPES:READ:*"}, {{"country", "USA"}}),
                            .scopes = {"PIPES:READ:*"},
                            .is_fixed = true});
    credentials_.push_back({.kind = "admin", .token = admin, .scopes = {"ADMIN"}});
  }

  static v1::Access AccessOf(const MethodDescriptor& method) {
    // The pool's options know our extension only through the generated code.
    google::protobuf::MethodOptions options;
    options.ParseFromString(method.options().SerializeAsString());
    EXPECT_TRUE(options.HasExtension(v1::access)) << method.full_name() << " has no rule";
    return options.GetExtension(v1::access);
  }

  static std::string ShortName(const MethodDescriptor& method) {
    return method.service()->name() + "." + method.name();
  }

  static grpc::ByteBuffer Encode(const MethodDescriptor& method, const std::string& text) {
    const std::unique_ptr<google::protobuf::Message> message(
        messages_->GetPrototype(method.input_type())->New());
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, message.get()))
        << method.full_name();
    const grpc::Slice slice(message->SerializeAsString());
    return grpc::ByteBuffer(&slice, 1);
  }

  // Sends one message, whether the method takes one or a stream of them.
  static Outcome Call(const MethodDescriptor& method, const SampleCall& sample,
                      const std::string& token) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    if (!sample.target.empty()) {
      context.AddMetadata(rpc::kOriginalPathMetadata, sample.target);
      context.AddMetadata(rpc::kOriginalMethodMetadata, sample.http_method);
    }
    grpc::CompletionQueue queue;
    const auto wait = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      queue.Next(&tag, &ok);
    };
    // By a socket: in one process a stream that is refused before its first message is read hangs.
    grpc::GenericStub stub(
        grpc::CreateChannel(suite_->grpc_address(), grpc::InsecureChannelCredentials()));
    const std::string path = "/" + method.service()->full_name() + "/" + method.name();
    const auto call = stub.PrepareCall(&context, path, &queue);
    Outcome outcome;
    grpc::ByteBuffer reply;
    call->StartCall(nullptr);
    wait();
    call->Write(Encode(method, sample.request), grpc::WriteOptions().set_last_message(), nullptr);
    wait();
    call->Read(&reply, nullptr);
    wait();
    call->Finish(&outcome.status, nullptr);
    wait();
    const auto& metadata = context.GetServerInitialMetadata();
    if (const auto found = metadata.find(rpc::kHttpStatusMetadata); found != metadata.end()) {
      outcome.http_status = std::stoi(std::string(found->second.data(), found->second.size()));
    }
    if (method.output_type()->full_name() == kHttpBody && reply.Valid()) {
      grpc::Slice slice;
      google::api::HttpBody body;
      if (reply.TrySingleSlice(&slice).ok()) {
        body.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
      }
      outcome.body = body.data();
    }
    return outcome;
  }

  // What the rule says of a credential.
  static std::string Expected(const v1::Access& access, const Scopes& any_of,
                              const Credential& credential) {
    if (access.public_()) return "admitted";
    if (!credential.is_valid) return "unauthenticated";
    for (const std::string& scope : any_of) {
      if (scope == kAnyToken) return "admitted";
      if (!Opens(credential.scopes, scope)) continue;
      if (!credential.is_fixed || access.applies_fixed_params()) return "admitted";
    }
    return "denied";
  }

  static void CheckMethod(const MethodDescriptor& method) {
    SCOPED_TRACE(method.full_name());
    const v1::Access access = AccessOf(method);
    const auto sample = SampleCalls().find(ShortName(method));
    const bool checks_itself = std::find(access.any_of().begin(), access.any_of().end(),
                                         kAnyToken) != access.any_of().end();
    const SampleCall call =
        sample != SampleCalls().end()
            ? sample->second
            : SampleCall{.any_of = {access.any_of().begin(), access.any_of().end()}};
    size_t not_served = 0;
    for (const Credential& credential : credentials_) {
      const Outcome outcome = Call(method, call, credential.token);
      if (outcome.is_unimplemented() && !access.public_()) {
        // Whoever is not admitted must not even learn that.
        ++not_served;
        continue;
      }
      EXPECT_EQ(outcome.Verdict(), Expected(access, call.any_of, credential))
          << "with the token kind '" << credential.kind << "': " << outcome.Text();
    }
    EXPECT_TRUE(not_served == 0 || not_served == credentials_.size())
        << "served to some and not to others";
    if (checks_itself && not_served == 0) {
      EXPECT_NE(sample, SampleCalls().end()) << "admits any token, and SampleCalls() has no line";
    }
  }

  static TempDirectory* directory_;
  static Suite* suite_;
  static google::protobuf::DescriptorPool* pool_;
  static google::protobuf::DynamicMessageFactory* messages_;
  static std::vector<const MethodDescriptor*> methods_;
  static std::vector<Credential> credentials_;
};

TempDirectory* AuthorizationMatrixTest::directory_ = nullptr;
Suite* AuthorizationMatrixTest::suite_ = nullptr;
google::protobuf::DescriptorPool* AuthorizationMatrixTest::pool_ = nullptr;
google::protobuf::DynamicMessageFactory* AuthorizationMatrixTest::messages_ = nullptr;
std::vector<const MethodDescriptor*> AuthorizationMatrixTest::methods_;
std::vector<Credential> AuthorizationMatrixTest::credentials_;

TEST_F(AuthorizationMatrixTest, EveryMethodOpensToWhomItsRuleSaysAndToNobodyElse) {
  ASSERT_GT(methods_.size(), 40u);
  for (const MethodDescriptor* method : methods_) CheckMethod(*method);
}

TEST_F(AuthorizationMatrixTest, EverySampleIsOfAMethodThatChecksByItself) {
  for (const auto& [name, sample] : SampleCalls()) {
    const auto found = std::find_if(methods_.begin(), methods_.end(),
                                    [&](const auto* method) { return ShortName(*method) == name; });
    ASSERT_NE(found, methods_.end()) << name;
    const v1::Access access = AccessOf(**found);
    EXPECT_EQ(access.any_of_size(), 1) << name;
    EXPECT_EQ(access.any_of(0), kAnyToken) << name;
  }
}

TEST_F(AuthorizationMatrixTest, WhatTheSuiteServesIsInTheDescriptorSet) {
  // The four services that every suite has.
  for (const char* service :
       {"IngestService", "AdminService", "AggregationService", "QueryService"}) {
    EXPECT_TRUE(std::any_of(methods_.begin(), methods_.end(), [&](const auto* method) {
      return method->service()->name() == service;
    })) << service;
  }
}

}  // namespace
}  // namespace clv::suite
