#include "tools/load/traffic.h"

#include <charconv>

namespace load {
namespace {

constexpr std::string_view kJson = "application/json";

Expectation expectation_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBlock:
      return kExpectBlock;
    case Verdict::kValidationError:
      return kExpectValidationError;
    case Verdict::kContinue:
      break;
  }
  return kExpectContinue;
}

}  // namespace

std::string basic_authorization(std::string_view user) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text = "Basic ";
  for (std::size_t i = 0; i < user.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < user.size() ? static_cast<unsigned char>(user[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text.push_back(i + j > user.size() ? '=' : kAlphabet[bits >> (18 - 6 * j) & 63]);
    }
  }
  return text;
}

Traffic::Traffic(const TrafficPlan& plan, unsigned thread, unsigned threads)
    : plan_(plan),
      random_(mix64(plan.people.options().seed ^ plan.first_person) + thread),
      next_person_(plan.mix.known_people + plan.first_person + thread),
      step_(threads),
      next_line_(thread) {
  head_start_ = plan.head.path + " HTTP/1.1\r\nHost: " + plan.head.host + "\r\n";
  if (!plan.head.authorization.empty()) {
    head_start_ += "Authorization: " + plan.head.authorization + "\r\n";
  }
  head_start_ += plan.head.more_fields;
  if (!plan.head.keep_alive) head_start_ += "Connection: close\r\n";
  head_start_ += "Content-Type: ";
}

Verdict Traffic::verdict_of(std::uint64_t person) const noexcept {
  const double drawn = Random(plan_.people.options().seed ^ mix64(person)).unit();
  if (drawn < plan_.mix.block) return Verdict::kBlock;
  if (drawn < plan_.mix.block + plan_.mix.validation_error) return Verdict::kValidationError;
  return Verdict::kContinue;
}

void Traffic::assemble(std::string& to, std::string_view method, std::string_view content_type,
                       std::string_view body) const {
  char digits[20];
  const std::string_view length(
      digits, static_cast<std::size_t>(
                  std::to_chars(digits, digits + sizeof digits, body.size()).ptr - digits));
  to.clear();
  to.append(method).append(" ").append(head_start_).append(content_type);
  to.append("\r\nContent-Length: ").append(length).append("\r\n\r\n").append(body);
}

void Traffic::make_person(Request& to) {
  const bool known = plan_.mix.known > 0 && random_.unit() < plan_.mix.known;
  std::uint64_t person = 0;
  if (known) {
    person = random_.below(plan_.mix.known_people);
  } else {
    person = next_person_;
    next_person_ += step_;
  }
  const Verdict verdict = verdict_of(person);
  body_.clear();
  plan_.people.append_body(body_, person, verdict);
  assemble(to.bytes, "POST", kJson, body_);
  to.expect = expectation_of(verdict);
  to.kind = known ? RequestKind::kKnown : RequestKind::kNew;
}

void Traffic::make_malformed(Request& to) {
  body_.clear();
  plan_.people.append_body(body_, next_person_, Verdict::kContinue);
  next_person_ += step_;
  std::string_view method = "POST";
  std::string_view content_type = kJson;
  switch (static_cast<Malformation>(random_.below(kMalformations))) {
    case Malformation::kTruncatedJson:
      body_.resize(body_.size() / 2);
      break;
    case Malformation::kNotJson:
      body_.assign("step=PostAttributeCollection&email=a%40example.com");
      break;
    case Malformation::kArray:
      body_.insert(0, 1, '[').push_back(']');
      break;
    case Malformation::kInvalidUtf8:
      body_.insert(9, "\xc3\x28");
      break;
    case Malformation::kEmptyBody:
      body_.clear();
      break;
    case Malformation::kWrongContentType:
      content_type = "text/plain";
      break;
    case Malformation::kWrongMethod:
      method = "PUT";
      break;
  }
  assemble(to.bytes, method, content_type, body_);
  to.expect = kExpectRefusal;
  to.kind = RequestKind::kMalformed;
}

void Traffic::next(Request& to) {
  const Mix& mix = plan_.mix;
  if (mix.duplicates > 0 && !previous_.empty() && random_.unit() < mix.duplicates) {
    to.bytes = previous_;
    to.expect = previous_expect_;
    to.kind = RequestKind::kDuplicate;
    return;
  }
  if (mix.malformed > 0 && random_.unit() < mix.malformed) {
    make_malformed(to);
  } else if (plan_.file != nullptr) {
    const auto& requests = plan_.file->requests();
    const RequestFile::Request& line = requests[next_line_ % requests.size()];
    next_line_ += step_;
    assemble(to.bytes, "POST", kJson, line.body);
    to.expect = line.expect;
    to.kind = RequestKind::kFromFile;
  } else {
    make_person(to);
  }
  if (mix.duplicates > 0) {
    previous_ = to.bytes;
    previous_expect_ = to.expect;
  }
}

}  // namespace load
