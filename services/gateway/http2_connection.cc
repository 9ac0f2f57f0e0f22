#include "services/gateway/http2_connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <utility>
#include <vector>

namespace clv::gateway {
namespace {

using ErrorCode = boost::system::error_code;

constexpr int32_t kConnectionWindowBytes = 16 << 20;
constexpr uint32_t kStreamWindowBytes = 4 << 20;
constexpr uint32_t kMaxHeaderListBytes = 64 * 1024;
constexpr size_t kMostBytesPerWrite = 256 * 1024;
// Until the server has said what it takes.
constexpr uint32_t kMaxConcurrentStreams = 1 << 20;

// Values that hardly two requests share would only push others out of the compression's table.
bool IsPeculiar(std::string_view name) {
  return name == "x-request-id" || name == "x-envoy-original-path" || name == "grpc-timeout";
}

nghttp2_nv FieldOf(const HttpHeader& header) {
  unsigned flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  if (IsPeculiar(header.name)) flags |= NGHTTP2_NV_FLAG_NO_INDEX;
  // nghttp2 does not write to them.
  return {.name = reinterpret_cast<uint8_t*>(const_cast<char*>(header.name.data())),
          .value = reinterpret_cast<uint8_t*>(const_cast<char*>(header.value.data())),
          .namelen = header.name.size(),
          .valuelen = header.value.size(),
          .flags = static_cast<uint8_t>(flags)};
}

std::string_view TextOf(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

// What nghttp2 calls; each answers 0.
struct Http2Connection::Callbacks {
  static Exchange* ExchangeOf(nghttp2_session* session, int32_t stream_id) {
    return static_cast<Exchange*>(nghttp2_session_get_stream_user_data(session, stream_id));
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t* buffer, size_t size, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    auto* exchange = static_cast<Exchange*>(source->ptr);
    const std::string& body = exchange->stream->request_body();
    const size_t count = std::min(size, body.size() - exchange->sent_body_bytes);
    std::memcpy(buffer, body.data() + exchange->sent_body_bytes, count);
    exchange->sent_body_bytes += count;
    if (exchange->sent_body_bytes == body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void*) {
    Exchange* exchange = ExchangeOf(session, frame->hd.stream_id);
    if (exchange != nullptr) {
      exchange->stream->OnHeader(TextOf(name, name_size), TextOf(value, value_size));
    }
    return 0;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* connection) {
    const bool is_head = frame->hd.type == NGHTTP2_HEADERS;
    if (!is_head && frame->hd.type != NGHTTP2_DATA) return 0;
    Exchange* exchange = ExchangeOf(session, frame->hd.stream_id);
    if (exchange == nullptr) return 0;
    const bool ends_answer = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (is_head) exchange->stream->OnHeadersEnd(ends_answer);
    // Who has answered may never read the rest of the request.
    if (ends_answer && nghttp2_session_get_stream_local_close(session, frame->hd.stream_id) == 0) {
      static_cast<Http2Connection*>(connection)->Reset(frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static int OnData(nghttp2_session* session, uint8_t, int32_t stream_id, const uint8_t* bytes,
                    size_t size, void*) {
    Exchange* exchange = ExchangeOf(session, stream_id);
    if (exchange != nullptr) exchange->stream->OnData(TextOf(bytes, size));
    return 0;
  }

  static int OnClosed(nghttp2_session*, int32_t stream_id, uint32_t error_code, void* connection) {
    auto& exchanges = static_cast<Http2Connection*>(connection)->exchanges_;
    const auto found = exchanges.find(stream_id);
    if (found == exchanges.end()) return 0;
    const std::unique_ptr<Exchange> exchange = std::move(found->second);
    exchanges.erase(found);
    exchange->stream->OnClosed(error_code, /*lost=*/false);
    return 0;
  }
};

Http2Connection::Http2Connection(boost::asio::ip::tcp::socket socket, int32_t first_stream_id)
    : socket_(std::move(socket)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::OnFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::OnClosed);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_peer_max_concurrent_streams(option, kMaxConcurrentStreams);
  nghttp2_session_client_new2(&session_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_session_set_next_stream_id(session_, first_stream_id);
}

Http2Connection::~Http2Connection() { nghttp2_session_del(session_); }

void Http2Connection::Start() {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeaderListBytes}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
  ScheduleFlush();
  Read();
}

bool Http2Connection::CanSubmit() const {
  return !is_closed_ && nghttp2_session_check_request_allowed(session_) != 0;
}

int32_t Http2Connection::Submit(std::shared_ptr<Http2Stream> stream) {
  if (is_closed_) return -1;
  std::vector<nghttp2_nv> fields;
  fields.reserve(stream->request_headers().size());
  for (const HttpHeader& header : stream->request_headers()) fields.push_back(FieldOf(header));
  auto exchange = std::make_unique<Exchange>(Exchange{.stream = std::move(stream)});
  nghttp2_data_provider body{.source = {.ptr = exchange.get()},
                             .read_callback = Callbacks::ReadBody};
  const int32_t stream_id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                   &body, exchange.get());
  if (stream_id < 0) return stream_id;
  exchanges_.emplace(stream_id, std::move(exchange));
  ScheduleFlush();
  return stream_id;
}

void Http2Connection::Reset(int32_t stream_id, uint32_t error_code) {
  if (is_closed_) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream_id, error_code);
  ScheduleFlush();
}

void Http2Connection::Retire() {
  if (is_closed_) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
  ScheduleFlush();
}

void Http2Connection::Close() {
  if (is_closed_) return;
  is_closed_ = true;
  ErrorCode ignored;
  socket_.close(ignored);
  const auto exchanges = std::move(exchanges_);
  exchanges_.clear();
  for (const auto& [stream_id, exchange] : exchanges) {
    exchange->stream->OnClosed(NGHTTP2_INTERNAL_ERROR, /*lost=*/true);
  }
}

void Http2Connection::ScheduleFlush() {
  if (std::exchange(flush_is_due_, true)) return;
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->flush_is_due_ = false;
    self->Flush();
  });
}

void Http2Connection::Flush() {
  if (is_closed_ || is_writing_) return;
  out_.clear();
  while (out_.size() < kMostBytesPerWrite) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) return Close();
    if (size == 0) break;
    out_.append(TextOf(bytes, static_cast<size_t>(size)));
  }
  if (out_.empty()) {
    // After a GOAWAY, when the last request has its answer.
    if (nghttp2_session_want_read(session_) == 0) Close();
    return;
  }
  is_writing_ = true;
  boost::asio::async_write(socket_, boost::asio::buffer(out_),
                           [self = shared_from_this()](const ErrorCode& failed, size_t) {
                             self->is_writing_ = false;
                             if (failed) return self->Close();
                             self->Flush();
                           });
}

void Http2Connection::Read() {
  socket_.async_read_some(boost::asio::buffer(in_),
                          [self = shared_from_this()](const ErrorCode& failed, size_t bytes) {
                            if (failed) return self->Close();
                            self->Received(bytes);
                          });
}

void Http2Connection::Received(size_t bytes) {
  if (is_closed_) return;
  if (nghttp2_session_mem_recv(session_, in_.data(), bytes) < 0) return Close();
  // Asked of the server: acknowledgements, windows; of a connection that has ended: to say so.
  if (nghttp2_session_want_write(session_) != 0 || nghttp2_session_want_read(session_) == 0) {
    ScheduleFlush();
  }
  Read();
}

}  // namespace clv::gateway
