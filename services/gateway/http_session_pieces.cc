// The part of a connection that sends an answer piece by piece.
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/gateway/http_response_head.h"
#include "services/gateway/http_session.h"

namespace clv::gateway {

using Clock = std::chrono::steady_clock;

void HttpSession::OnAnswerInPieces(const HttpSessionExchange& exchange, HttpResponse head,
                                   PieceSource source) {
  if (exchange_.get() != &exchange) return;
  chunks_pieces_ = http_version_ >= 11;
  if (!chunks_pieces_) keep_alive_ = false;
  head.body.clear();
  // The exchange stays: as long as the answer is not whole, the client may leave it.
  piece_source_ = std::move(source);
  BeginAnswer(std::move(head), /*in_pieces=*/true);
  if (body_flows_) ReadAhead();
}

// Until the piece is there it is the service that is waited for, not the client.
void HttpSession::AskForPiece() {
  head_out_.clear();
  body_out_.clear();
  deadline_ = Clock::time_point::max();
  // The source may drop the session's copy of itself, by a piece that it gives at once.
  const PieceSource source = piece_source_;
  source([exchange = exchange_](AnswerPiece piece) { exchange->Deliver(std::move(piece)); });
}

void HttpSession::OnAnswerPiece(const HttpSessionExchange& exchange, AnswerPiece piece) {
  if (exchange_.get() != &exchange || phase_ != Phase::kWriting) return;
  if (piece.broken) {
    // A chunked body without its end: the client notices.
    TellOfAnswer();
    return Close();
  }
  if (piece.last) {
    piece_source_ = nullptr;
    exchange_.reset();
  }
  body_out_ = std::move(piece.bytes);
  if (chunks_pieces_) {
    if (!body_out_.empty()) {
      head_out_ = absl::StrCat(absl::Hex(body_out_.size()), "\r\n");
      body_out_.append("\r\n");
    }
    if (piece.last) body_out_.append("0\r\n").append(SerializeTrailers(piece.trailers));
  }
  deadline_ = Clock::now() + server_->options.transfer_grace + TimeFor(body_out_.size());
  StartWrite();
}

}  // namespace clv::gateway
