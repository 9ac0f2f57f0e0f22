// HTTPS: what the server speaks, and that everything else works through it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/gateway/http_server.h"
#include "tests/services/gateway/raw_client.h"

namespace clv::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::HasSubstr;

// A self-signed certificate and its key, in files that go with this object.
class TestCertificate {
 public:
  TestCertificate() {
    directory_ = std::filesystem::temp_directory_path() / absl::StrCat("clv-tls-", getpid());
    std::filesystem::create_directories(directory_);
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    FILE* file = std::fopen(certificate_file().c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(key_file().c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~TestCertificate() { std::filesystem::remove_all(directory_); }

  std::string certificate_file() const { return (directory_ / "chain.pem").string(); }
  std::string key_file() const { return (directory_ / "key.pem").string(); }

 private:
  std::filesystem::path directory_;
};

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override { server_ = HttpServer::Start(Options(), Echo()).value(); }

  HttpServerOptions Options() const {
    HttpServerOptions options;
    options.address = "127.0.0.1:0";
    options.tls_certificate_chain_file = certificate_.certificate_file();
    options.tls_private_key_file = certificate_.key_file();
    options.head_timeout = std::chrono::milliseconds(500);
    return options;
  }

  static HttpServer::Callbacks Echo() {
    HttpServer::Callbacks callbacks;
    callbacks.handle = [](std::shared_ptr<HttpExchange> exchange) {
      std::string body = std::move(exchange->request().body);
      exchange->Respond({200, {}, std::move(body)});
    };
    callbacks.render_error = [](int status, std::string_view message, std::string_view) {
      return HttpResponse{status, {}, std::string(message)};
    };
    return callbacks;
  }

  tcp::endpoint Endpoint() const {
    const std::string& address = server_->address();
    return {asio::ip::make_address("127.0.0.1"),
            static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)))};
  }

  // What comes back for `request` until the server closes, through TLS of at most this version.
  // Nothing where no keys can be agreed on.
  std::optional<std::string> Ask(const std::string& request, int max_version = TLS1_3_VERSION) {
    asio::io_context io;
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.native_handle(), max_version);
    SSL_CTX_set_security_level(context.native_handle(), 0);
    asio::ssl::stream<tcp::socket> stream(io, context);
    stream.next_layer().connect(Endpoint());
    boost::system::error_code error;
    stream.handshake(asio::ssl::stream_base::client, error);
    if (error) return std::nullopt;
    asio::write(stream, asio::buffer(request));
    std::string reply;
    asio::read(stream, asio::dynamic_buffer(reply), error);
    return reply;
  }

  TestCertificate certificate_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsTest, ServesThroughTls) {
  const std::string body(3 << 20, 'x');
  const auto reply = Ask(absl::StrCat(
      "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
  ASSERT_TRUE(reply.has_value());
  EXPECT_TRUE(reply->starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(reply->ends_with("\r\n\r\n" + body));
}

TEST_F(TlsTest, KeepsTheConnection) {
  const auto reply = Ask("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->find("HTTP/1.1 200", 1) != std::string::npos, true) << *reply;
}

TEST_F(TlsTest, SpeaksNothingOlderThan12) {
  EXPECT_TRUE(Ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", TLS1_2_VERSION).has_value());
  EXPECT_FALSE(Ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", TLS1_1_VERSION).has_value());
}

TEST_F(TlsTest, SpeaksNoPlainHttp) {
  testing::RawClient client(server_->address());
  client.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_FALSE(client.ReadsText("HTTP/1.1 200"));
}

TEST_F(TlsTest, AClientThatNeverShakesHandsIsCutOff) {
  testing::RawClient client(server_->address());
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(TlsTest, StopsWithAConnectionInTheMiddleOfItsHandshake) {
  testing::RawClient client(server_->address());
  server_->Stop(std::chrono::steady_clock::now() + std::chrono::seconds(5));
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(TlsTest, NamesAFileThatIsOfNoUse) {
  HttpServerOptions options = Options();
  options.tls_private_key_file = "/no/such.pem";
  EXPECT_THAT(HttpServer::Start(options, Echo()).status().message(), HasSubstr("/no/such.pem"));
  options = Options();
  options.tls_certificate_chain_file = certificate_.key_file();
  EXPECT_THAT(HttpServer::Start(options, Echo()).status().message(),
              HasSubstr("TLS certificate chain"));
}

}  // namespace
}  // namespace clv::gateway
