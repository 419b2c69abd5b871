#include "proxy/upstream/answer_reader.h"
namespace proxy::upstream {
void AnswerReader::reset(bool head_only) { bytes_.clear(); left_over_=0; head_only_=head_only; too_large_=false; keep_alive_=true; head_=length_=0; to_end_=false; status_=0; }
AnswerReader::State AnswerReader::advance(std::string_view more) {
  bytes_.append(more);
  if (head_ == 0) {
    const auto end = bytes_.find("\r\n\r\n");
    if (end == std::string::npos) { if (bytes_.size() > head_max_) { too_large_=true; return State::kRefused; } return bytes_.compare(0, std::min<std::size_t>(5, bytes_.size()), "HTTP/", std::min<std::size_t>(5, bytes_.size())) ? State::kRefused : State::kMore; }
    head_ = end + 4;
    if (bytes_.compare(0, 9, "HTTP/1.1 ")) return State::kRefused;
    status_ = std::stoi(bytes_.substr(9, 3));
    auto cl = bytes_.find("Content-Length: ");
    if (cl != std::string::npos && cl < head_) length_ = std::stoul(bytes_.substr(cl + 16, 20)); else to_end_ = true;
    auto cc = bytes_.find("Connection: close");
    if (to_end_ || (cc != std::string::npos && cc < head_)) keep_alive_ = false;
    if (head_only_ || status_ == 204 || status_ == 304) { length_ = 0; to_end_ = false; }
  }
  if (bytes_.size() - head_ > body_max_ || length_ > body_max_) { too_large_ = true; return State::kRefused; }
  if (to_end_ || bytes_.size() - head_ < length_) return State::kMore;
  left_over_ = bytes_.size() - head_ - length_;
  return State::kComplete;
}
AnswerReader::State AnswerReader::finish() { if (head_ && to_end_) { length_ = bytes_.size() - head_; return State::kComplete; } return State::kRefused; }
void AnswerReader::take(Outcome& o) { o.status = status_; o.body = bytes_.substr(head_, length_); }
}
