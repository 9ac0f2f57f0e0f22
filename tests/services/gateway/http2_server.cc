#include "tests/services/gateway/http2_server.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <map>
#include <utility>

namespace clv::gateway::testing {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

std::vector<nghttp2_nv> ViewOf(const HttpHeaders& fields) {
  std::vector<nghttp2_nv> view;
  for (const HttpHeader& field : fields) {
    view.push_back({.name = reinterpret_cast<uint8_t*>(const_cast<char*>(field.name.data())),
                    .value = reinterpret_cast<uint8_t*>(const_cast<char*>(field.value.data())),
                    .namelen = field.name.size(),
                    .valuelen = field.value.size(),
                    .flags = NGHTTP2_NV_FLAG_NONE});
  }
  return view;
}

std::string TextOf(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

class Http2Server::Connection final : public Http2Peer,
                                      public std::enable_shared_from_this<Connection> {
 public:
  Connection(Http2Server& server, tcp::socket socket, int number)
      : server_(server), socket_(std::move(socket)), number_(number) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, server.options_.reads_bodies ? 0 : 1);
    nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
  }

  ~Connection() override { nghttp2_session_del(session_); }

  void Start() {
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, server_.options_.max_concurrent_streams}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    Write();
    Read();
  }

  int number() const override { return number_; }

  void Answer(int32_t stream_id, Http2Answer answer) override {
    Sending& sending = answers_[stream_id];
    sending.answer = std::move(answer);
    const Http2Answer& kept = sending.answer;
    const bool has_body = !kept.data.empty() || kept.heads.empty() || kept.trailers.empty();
    for (size_t i = 0; i < kept.heads.size(); ++i) {
      const std::vector<nghttp2_nv> fields = ViewOf(kept.heads[i]);
      if (i + 1 < kept.heads.size() || !has_body) {
        nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream_id, nullptr, fields.data(),
                               fields.size(), nullptr);
      } else {
        nghttp2_data_provider data{.source = {.ptr = &sending}, .read_callback = ReadAnswer};
        nghttp2_submit_response(session_, stream_id, fields.data(), fields.size(), &data);
      }
    }
    if (!has_body || kept.heads.empty()) {
      const std::vector<nghttp2_nv> fields = ViewOf(kept.trailers);
      nghttp2_submit_headers(session_, NGHTTP2_FLAG_END_STREAM, stream_id, nullptr, fields.data(),
                             fields.size(), nullptr);
    }
    ScheduleWrite();
  }

  void Reset(int32_t stream_id, uint32_t error_code) override {
    // Later, or nghttp2 would drop what is to be sent before.
    asio::post(server_.io_, [this, self = shared_from_this(), stream_id, error_code] {
      Write();
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream_id, error_code);
      Write();
    });
  }

  void GoAway(int32_t last_stream_id) override {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_stream_id, NGHTTP2_NO_ERROR, nullptr,
                          0);
    ScheduleWrite();
  }

  void Close() override {
    if (std::exchange(is_closed_, true)) return;
    ErrorCode ignored;
    socket_.close(ignored);
    const std::lock_guard lock(server_.mutex_);
    ++server_.record_.closed_connections;
  }

 private:
  struct Sending {
    Http2Answer answer;
    size_t sent_data_bytes = 0;
  };

  static Connection& Of(void* connection) { return *static_cast<Connection*>(connection); }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                      void* connection) {
    Of(connection)
        .requests_[frame->hd.stream_id]
        .fields.push_back({TextOf(name, name_size), TextOf(value, value_size)});
    return 0;
  }

  static int OnData(nghttp2_session*, uint8_t, int32_t stream_id, const uint8_t* bytes, size_t size,
                    void* connection) {
    Of(connection).requests_[stream_id].body += TextOf(bytes, size);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* connection) {
    Connection& self = Of(connection);
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      const std::lock_guard lock(self.server_.mutex_);
      self.server_.record_.resets.push_back(
          {self.number_, frame->hd.stream_id, frame->rst_stream.error_code});
    }
    const bool has_head = frame->hd.type == NGHTTP2_HEADERS;
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    const bool runs = self.server_.options_.reads_bodies
                          ? ends && (has_head || frame->hd.type == NGHTTP2_DATA)
                          : has_head;
    if (runs) self.OnRequest(frame->hd.stream_id);
    return 0;
  }

  // Data of an answer; its trailers go behind the last.
  static ssize_t ReadAnswer(nghttp2_session* session, int32_t stream_id, uint8_t* buffer,
                            size_t size, uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& sending = *static_cast<Sending*>(source->ptr);
    const Http2Answer& answer = sending.answer;
    const size_t count = std::min(size, answer.data.size() - sending.sent_data_bytes);
    std::memcpy(buffer, answer.data.data() + sending.sent_data_bytes, count);
    sending.sent_data_bytes += count;
    if (sending.sent_data_bytes < answer.data.size()) return static_cast<ssize_t>(count);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!answer.trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const std::vector<nghttp2_nv> fields = ViewOf(answer.trailers);
      nghttp2_submit_trailer(session, stream_id, fields.data(), fields.size());
    }
    return static_cast<ssize_t>(count);
  }

  void OnRequest(int32_t stream_id) {
    Http2Request& request = requests_[stream_id];
    request.connection = number_;
    request.stream_id = stream_id;
    {
      const std::lock_guard lock(server_.mutex_);
      server_.record_.requests.push_back(request);
    }
    server_.script_(*this, request);
  }

  void Read() {
    socket_.async_read_some(asio::buffer(in_), [this, self = shared_from_this()](
                                                   const ErrorCode& failed, size_t bytes) {
      if (failed || nghttp2_session_mem_recv(session_, in_.data(), bytes) < 0) return Close();
      Write();
      Read();
    });
  }

  // Not within a callback of the session.
  void ScheduleWrite() {
    asio::post(server_.io_, [self = shared_from_this()] { self->Write(); });
  }

  void Write() {
    if (is_closed_) return;
    const uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
      next_ += TextOf(bytes, static_cast<size_t>(size));
    }
    if (is_writing_ || next_.empty()) return;
    is_writing_ = true;
    out_ = std::exchange(next_, {});
    asio::async_write(socket_, asio::buffer(out_),
                      [this, self = shared_from_this()](const ErrorCode& failed, size_t) {
                        is_writing_ = false;
                        if (failed) return Close();
                        Write();
                      });
  }

  Http2Server& server_;
  tcp::socket socket_;
  const int number_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Http2Request> requests_;  // by stream
  std::map<int32_t, Sending> answers_;        // the same
  std::array<uint8_t, 64 * 1024> in_;
  std::string out_;   // being written
  std::string next_;  // to be written then
  bool is_writing_ = false;
  bool is_closed_ = false;
};

Http2Server::Http2Server(Script script, Options options)
    : script_(std::move(script)), options_(options), acceptor_(io_, tcp::v4()) {
  acceptor_.bind({asio::ip::address_v4::loopback(), 0});
  port_ = acceptor_.local_endpoint().port();
  if (options_.listens) Listen();
  thread_ = std::thread([this] {
    const auto work = asio::make_work_guard(io_);
    io_.run();
  });
}

Http2Server::~Http2Server() {
  io_.stop();
  thread_.join();
}

void Http2Server::Listen() {
  // Here, so that whoever connects next gets through.
  acceptor_.listen();
  asio::post(io_, [this] { Accept(); });
}

void Http2Server::CloseConnections() {
  asio::post(io_, [this] {
    for (const auto& connection : connections_) connection->Close();
  });
}

void Http2Server::Accept() {
  acceptor_.async_accept([this](const ErrorCode& failed, tcp::socket socket) {
    if (failed) return;
    int number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = ++record_.connections;
    }
    connections_.push_back(std::make_shared<Connection>(*this, std::move(socket), number));
    connections_.back()->Start();
    Accept();
  });
}

}  // namespace clv::gateway::testing
