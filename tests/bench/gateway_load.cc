// clv-bench-gateway: the server, the HTTP client and the gRPC client of the benchmark `gateway`.
//
//   clv-bench-gateway serve                          prints `ready ADDRESS`, ends with its input
//   clv-bench-gateway http ADDRESS CASE CONNECTIONS SECONDS
//   clv-bench-gateway grpc ADDRESS CASE CONNECTIONS SECONDS
//
// The clients keep one request under way on each connection (gRPC: as many calls on one channel)
// and print `{"requests_per_second":...,"p99_ms":...}`. CASE is get, post, load or rows.
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/gateway_api.grpc.pb.h"

namespace clv::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kUploadBytes = 1 << 20;
constexpr size_t kMaxSmallRequest = 16 * 1024;
constexpr std::chrono::seconds kPatience{20};

[[noreturn]] void Fail(const std::string& text) {
  std::fprintf(stderr, "clv-bench-gateway: %s\n", text.c_str());
  std::exit(1);
}

// About a kilobyte as JSON.
Row TheRow() {
  Row row;
  row.set_purchase_id("p-000123456789");
  row.set_customer_id("c-000987654321");
  row.set_purchase_amount(129.99);
  row.set_purchase_date("2023-01-16 14:20:00");
  for (int i = 0; i < 10; ++i) row.add_tags("a tag of some length " + std::to_string(i));
  row.set_note(std::string(560, 'n'));
  return row;
}

std::string RowJson() {
  const Row row = TheRow();
  std::string json = "{\"purchaseId\":\"" + row.purchase_id() + "\",\"customerId\":\"" +
                     row.customer_id() + "\",\"purchaseAmount\":129.99,\"purchaseDate\":\"" +
                     row.purchase_date() + "\",\"tags\":[";
  for (int i = 0; i < row.tags_size(); ++i) json += (i == 0 ? "\"" : ",\"") + row.tags(i) + "\"";
  return json + "],\"note\":\"" + row.note() + "\"}";
}

std::string Ndjson() {
  const std::string line = RowJson() + "\n";
  std::string text;
  while (text.size() + line.size() <= kUploadBytes) text += line;
  return text;
}

class BenchService final : public Bench::CallbackService {
  using Context = grpc::CallbackServerContext;
  template <typename Fill>
  static grpc::ServerUnaryReactor* Answered(Context* context, Answer* answer, const Fill& fill) {
    fill(*answer);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerUnaryReactor* Get(Context* context, const GetRequest* request,
                                Answer* answer) override {
    return Answered(context, answer, [&](Answer& out) { out.set_name(request->name()); });
  }
  grpc::ServerUnaryReactor* Create(Context* context, const Row* request, Answer* answer) override {
    return Answered(context, answer, [&](Answer& out) { out.set_name(request->purchase_id()); });
  }
  grpc::ServerUnaryReactor* Load(Context* context, const Upload* request, Answer* answer) override {
    return Answered(context, answer, [&](Answer& out) {
      out.set_size(static_cast<int64_t>(request->body().data().size()));
    });
  }
  grpc::ServerReadReactor<Row>* LoadRows(Context* /*context*/, Answer* answer) override {
    class Reader final : public grpc::ServerReadReactor<Row> {
     public:
      explicit Reader(Answer* answer) : answer_(answer) { StartRead(&row_); }
      void OnReadDone(bool ok) override {
        if (!ok) return Finish(grpc::Status::OK);
        answer_->set_size(answer_->size() + 1);
        StartRead(&row_);
      }
      void OnDone() override { delete this; }

     private:
      Answer* answer_;
      Row row_;
    };
    return new Reader(answer);
  }
};

int Serve() {
  BenchService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  std::cout << "ready 127.0.0.1:" << port << std::endl;
  while (std::cin.get() != EOF) {
  }
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

void Report(std::vector<double> milliseconds, Clock::duration time) {
  if (milliseconds.empty()) Fail("nothing was answered");
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf(
      "{\"requests_per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
      static_cast<double>(milliseconds.size()) / std::chrono::duration<double>(time).count(),
      milliseconds[milliseconds.size() / 2], milliseconds[milliseconds.size() * 99 / 100]);
}

std::string HttpRequest(const std::string& which) {
  if (which == "get") return "GET /v1/items/c123 HTTP/1.1\r\nHost: bench\r\n\r\n";
  const std::string body = which == "post" ? RowJson() : Ndjson();
  const std::string path = which == "post"   ? "/v1/items"
                           : which == "load" ? "/v1/load"
                                             : "/v1/rows";
  return "POST " + path + " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// One kept connection.
struct Connection {
  int socket = -1;
  size_t sent = 0;
  std::string input;
  Clock::time_point began;
};

// The length of the whole response at the start of `input`, or 0 while it is not there.
size_t ResponseLength(std::string_view input) {
  const size_t head = input.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  if (!input.starts_with("HTTP/1.1 200")) Fail("answer: " + std::string(input.substr(0, 300)));
  for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    const size_t at = input.substr(0, head + 2).find(name);
    if (at == std::string_view::npos) continue;
    const size_t length =
        head + 4 +
        std::strtoul(std::string(input.substr(at + name.size(), 20)).c_str(), nullptr, 10);
    return input.size() >= length ? length : 0;
  }
  const size_t end = input.find("\r\n0\r\n\r\n", head + 2);
  return end == std::string_view::npos ? 0 : end + 7;
}

int Connect(const std::string& address) {
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1)));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) Fail("connect " + address);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

int LoadHttp(const std::string& address, const std::string& which, int count, double seconds) {
  const std::string request = HttpRequest(which);
  // The client is to cost little, since it shares the machine with what it measures: it is not
  // woken when a socket takes more of a request that went at once, and reads nothing behind an
  // answer.
  const bool is_large = request.size() > kMaxSmallRequest;
  const uint32_t wanted = EPOLLIN | EPOLLET | (is_large ? EPOLLOUT : 0U);
  const int epoll = epoll_create1(0);
  std::vector<Connection> connections(static_cast<size_t>(count));
  const auto send_some = [&](Connection& connection) {
    if (connection.sent == 0) connection.began = Clock::now();
    while (connection.sent < request.size()) {
      const ssize_t n = send(connection.socket, request.data() + connection.sent,
                             request.size() - connection.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n <= 0) break;
      connection.sent += static_cast<size_t>(n);
    }
    if (connection.sent < request.size() && !is_large) Fail("a small request does not go at once");
  };
  for (Connection& connection : connections) {
    connection.socket = Connect(address);
    epoll_event event = {.events = wanted, .data = {.ptr = &connection}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, connection.socket, &event);
    send_some(connection);
  }
  std::vector<double> milliseconds;
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration<double>(seconds);
  std::vector<epoll_event> events(256);
  std::vector<char> chunk(64 * 1024);
  // On a busy machine the first answer may be late.
  while (Clock::now() < end || (milliseconds.empty() && Clock::now() < end + kPatience)) {
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < ready; ++i) {
      Connection& connection = *static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr);
      send_some(connection);
      while (true) {
        const ssize_t n = recv(connection.socket, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (n == 0) Fail("the connection was closed");
        if (n < 0) break;
        connection.input.append(chunk.data(), static_cast<size_t>(n));
        if (const size_t length = ResponseLength(connection.input)) {
          connection.input.erase(0, length);
          milliseconds.push_back(
              std::chrono::duration<double, std::milli>(Clock::now() - connection.began).count());
          connection.sent = 0;
          send_some(connection);
          break;
        }
      }
    }
  }
  Report(std::move(milliseconds), Clock::now() - begin);
  return 0;
}

// Keeps calls going until the time is over.
class GrpcLoad {
 public:
  GrpcLoad(const std::string& address, std::string which)
      : which_(std::move(which)), stub_(Bench::NewStub(Channel(address))), row_(TheRow()) {
    upload_.mutable_body()->set_content_type("application/x-ndjson");
    upload_.mutable_body()->set_data(Ndjson());
    get_.set_name("c123");
  }

  int Run(int count, double seconds) {
    const auto begin = Clock::now();
    end_ =
        begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    running_ = count;
    for (int i = 0; i < count; ++i) Next();
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return running_ == 0; });
    Report(std::move(milliseconds_), Clock::now() - begin);
    return 0;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    Answer answer;
    Clock::time_point began = Clock::now();
  };

  static std::shared_ptr<grpc::Channel> Channel(const std::string& address) {
    return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  }

  void Next() {
    Call* call = new Call;
    const auto done = [this, call](const grpc::Status& status) { OnDone(call, status); };
    if (which_ == "get") {
      stub_->async()->Get(&call->context, &get_, &call->answer, done);
    } else if (which_ == "post") {
      stub_->async()->Create(&call->context, &row_, &call->answer, done);
    } else {
      stub_->async()->Load(&call->context, &upload_, &call->answer, done);
    }
  }

  void OnDone(Call* call, const grpc::Status& status) {
    if (!status.ok()) Fail(status.error_message());
    const auto now = Clock::now();
    const std::chrono::duration<double, std::milli> took = now - call->began;
    delete call;
    const bool goes_on = now < end_;
    {
      const std::lock_guard lock(mutex_);
      milliseconds_.push_back(took.count());
      // Whoever waits may end the load at once.
      if (!goes_on && --running_ == 0) none_.notify_all();
    }
    if (goes_on) Next();
  }

  const std::string which_;
  const std::unique_ptr<Bench::Stub> stub_;
  GetRequest get_;
  Row row_;
  Upload upload_;
  Clock::time_point end_;
  std::mutex mutex_;
  std::condition_variable none_;
  int running_ = 0;                   // guarded by mutex_
  std::vector<double> milliseconds_;  // guarded by mutex_
};

int Run(const std::vector<std::string>& words) {
  if (words.size() == 1 && words[0] == "serve") return Serve();
  if (words.size() != 5) Fail("want serve, or http|grpc ADDRESS CASE CONNECTIONS SECONDS");
  const int connections = std::atoi(words[3].c_str());
  const double seconds = std::atof(words[4].c_str());
  if (words[0] == "http") return LoadHttp(words[1], words[2], connections, seconds);
  const int code = GrpcLoad(words[1], words[2]).Run(connections, seconds);
  // The last callback may still be on its way out of gRPC, which must not be taken down meanwhile.
  std::fflush(stdout);
  std::_Exit(code);
}

}  // namespace
}  // namespace clv::bench

int main(int argc, char** argv) {
  return clv::bench::Run(std::vector<std::string>(argv + 1, argv + argc));
}
