#include "benchmarks/in_line/path.h"

#include <uv.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/claims/claims.h"
#include "core/gate/compile.h"
#include "core/http/response.h"
#include "proxy/commands/file_source.h"

namespace in_line {
namespace {

constexpr std::uint64_t kSeed = 0x20240229;
constexpr std::size_t kBodyBytesMax = 256 << 10;  // the default of limits.body_bytes
constexpr std::size_t kOutBytesMax = 1 << 20;
constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

/// The real files, and one that need not exist.
class TextSource final : public core::config::Source {
 public:
  TextSource(std::string path, std::optional<std::string> text)
      : path_(std::move(path)), text_(std::move(text)) {}
  core::Result<std::string, Failure> read_file(const std::string& path) override {
    if (text_ && path == path_) return *text_;
    return files_.read_file(path);
  }
  std::optional<std::string> environment(const std::string& name) override {
    return files_.environment(name);
  }

 private:
  std::string path_;
  std::optional<std::string> text_;
  proxy::commands::FileSource files_;
};

[[noreturn]] void fail(const char* why) {
  std::fprintf(stderr, "in-line path: %s\n", why);
  std::abort();
}

}  // namespace

Requests::Requests(load::WorkUnit unit) : unit_(std::move(unit)) {
  std::size_t bytes = 0;
  for (const std::string_view request : unit_.requests) {
    bytes += request.size() + core::claims::kReadPadding;
  }
  bytes_.assign(bytes, '\0');
  char* at = bytes_.data();
  for (const std::string_view request : unit_.requests) {
    std::memcpy(at, request.data(), request.size());
    wires_.push_back({at, request.size()});
    at += request.size() + core::claims::kReadPadding;
  }
}

std::vector<Wire> Requests::continuing() const {
  std::vector<Wire> wires;
  for (std::size_t i = 0; i < wires_.size(); ++i) {
    if (unit_.expected[i].action == "Continue") wires.push_back(wires_[i]);
  }
  return wires;
}

std::unique_ptr<House> House::open(const std::string& configuration,
                                   const std::optional<std::string>& text, std::size_t lanes,
                                   const std::string& log_file, std::string& why) {
  TextSource source(configuration, text);
  core::config::Diagnostics diagnostics;
  const core::config::Config config = core::config::load(configuration, source, diagnostics);
  core::gate::CompileOptions options;
  options.lanes = lanes;
  options.seed = kSeed;
  auto house = std::make_unique<House>();
  house->snapshot_ = core::gate::compile(config, options, source, diagnostics);
  if (house->snapshot_ == nullptr) {
    why = diagnostics.render();
    return nullptr;
  }
  auto log = proxy::telemetry::AccessLog::open(log_file, lanes);
  if (!log.ok()) {
    why = log.error().why;
    return nullptr;
  }
  house->log_ = std::move(log.value());
  house->log_->introduce(1, *house->snapshot_);
  return house;
}

Lane::Lane(House& house, std::size_t lane, double log_sample)
    : snapshot_(house.snapshot()),
      reader_(core::http::Limits{}),
      out_(kOutBytesMax),
      gate_(house.edition().snapshot, lane, kBodyBytesMax),
      evaluation_(snapshot_.names.size(), snapshot_.prepared_max,
                  kBodyBytesMax + core::gate::Gate::kScratchBytes, lane, snapshot_.candidates_max),
      handler_(house.edition(), lane, kBodyBytesMax, house.metrics(), house.log(), log_sample) {
  evaluation_.use_lists(snapshot_.lists.get());
  peer_.family = proxy::net::PeerAddress::Family::kIpv4;
  const std::uint8_t loopback[] = {127, 0, 0, 1};
  std::memcpy(peer_.bytes, loopback, sizeof loopback);
}

const core::http::Request& Lane::read(const Wire& wire) {
  using State = core::http::RequestReader::State;
  reader_.reset();
  State state = reader_.advance(wire.bytes, wire.size);
  if (state == State::kHead) state = reader_.advance(wire.bytes, wire.size);
  if (state != State::kMessage) fail("a request of the work unit was not read");
  return reader_.request();
}

std::size_t Lane::run(Step step, const Wire& wire) {
  const core::http::Request& request = read(wire);
  if (step == Step::kRead) return request.body.size();
  out_.clear();
  const core::gate::Connector& connector = snapshot_.connectors.front();
  if (step == Step::kClaims || step == Step::kRules) {
    evaluation_.begin();
    const auto outcome = core::dialects::read(connector.terms, request.body, snapshot_.names,
                                              snapshot_.read_limits, evaluation_.arena(),
                                              evaluation_.claims(), exchange_);
    if (outcome.error != core::claims::ReadError::kNone) fail("claims were not read");
    if (step == Step::kClaims) return evaluation_.arena().used();
    const core::rules::Verdict verdict = core::gate::decide(connector, evaluation_);
    return static_cast<std::size_t>(verdict.kind) + evaluation_.changed().size();
  }
  if (step == Step::kAnswer) {
    const auto after = core::http::after_answer_to(request, false);
    static_cast<void>(gate_.answer_body(connector, request.body, after, kDate, out_));
  } else if (step == Step::kAdmission) {
    static_cast<void>(gate_.answer(request, kDate, false, out_));
  } else {
    handler_.on_batch(uv_hrtime());
    handler_.answer({request, peer_, false, out_});
  }
  return out_.size();
}

}  // namespace in_line
