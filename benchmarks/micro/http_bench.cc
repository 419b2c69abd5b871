// What it costs to read a request and to write its answer: core::http.
//
// The request is that of docs/performance.md's work unit: about 230 bytes of head and 780 of body.
// An item is one message.
//
//   Read          RequestReader: everything that happens to a message, head to body
//   ReadByLlhttp  the same, llhttp splitting the fields, as it does for heads that are not plain
//   ReadScan      the part of it that looks at every byte of the head (LineReader)
//   ReadLlhttp    llhttp alone over the same fields, as the reader runs it, with empty callbacks
//   LlhttpWhole   llhttp alone over the whole message, request line and body too: what a server
//                 without the checks of hardening.md, section 2, would run
//   ReadChunked   the same message with its body in chunks of 256 bytes
//   Write         write_response() with a body of 60 bytes
//   WritePrepared a PreparedResponse with the same body
//
// Instructions: valgrind --tool=callgrind --toggle-collect='work::*' with --benchmark_filter; each
// job is one function that is not inlined.
#include <benchmark/benchmark.h>
#include <llhttp.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "core/http/line_reader.h"
#include "core/http/request_reader.h"
#include "core/http/response.h"

namespace {

using core::http::LineReader;
using core::http::OutBuffer;
using core::http::RequestReader;

constexpr std::string_view kRequestLine = "POST /signup HTTP/1.1\r\n";
constexpr std::string_view kFields =
    "Host: signup.example.com\r\n"
    "User-Agent: Microsoft-AADB2C/1.0\r\n"
    "Authorization: Basic YjJjOjVmNGRjYzNiNWFhNzY1ZDYxZDgzMjdkZWI4ODI=\r\n"
    "Accept: application/json\r\n"
    "Content-Type: application/json\r\n";
constexpr std::size_t kBodyBytes = 780;
constexpr std::size_t kPadding = 32;

std::string counted() {
  return std::string(kRequestLine) + std::string(kFields) + "Content-Length: 780\r\n\r\n" +
         std::string(kBodyBytes, 'b');
}

std::string chunked() {
  std::string wire =
      std::string(kRequestLine) + std::string(kFields) + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 3; ++i) wire += "100\r\n" + std::string(256, 'b') + "\r\n";
  return wire + "c\r\n" + std::string(12, 'b') + "\r\n0\r\n\r\n";
}

int pause_at_body(llhttp_t*) noexcept { return HPE_PAUSED; }
int ignore_span(llhttp_t*, const char*, std::size_t) noexcept { return 0; }
int ignore_event(llhttp_t*) noexcept { return 0; }

constexpr llhttp_settings_t settings(bool with_body) noexcept {
  llhttp_settings_t settings{};
  settings.on_header_field = settings.on_header_value = ignore_span;
  settings.on_headers_complete = with_body ? ignore_event : pause_at_body;
  if (with_body) {
    settings.on_url = settings.on_body = ignore_span;
    settings.on_message_complete = ignore_event;
  }
  return settings;
}
constexpr llhttp_settings_t kFieldSettings = settings(false);
constexpr llhttp_settings_t kWholeSettings = settings(true);

}  // namespace

/// One message each; not inlined, so that a profiler can count what happens inside.
namespace work {

[[gnu::noinline]] std::size_t read(RequestReader& reader, char* bytes, std::size_t size) {
  reader.reset();
  if (reader.advance(bytes, size) != RequestReader::State::kHead) std::abort();
  if (reader.advance(bytes, size) != RequestReader::State::kMessage) std::abort();
  return reader.request().body.size();
}

[[gnu::noinline]] std::size_t scan(const char* bytes, std::size_t size) {
  LineReader reader;
  do {
    if (reader.advance(bytes, size) != LineReader::State::kLine) std::abort();
  } while (reader.size() != 0);
  return reader.next();
}

[[gnu::noinline]] void run_llhttp(const llhttp_t& from, llhttp_errno expected,
                                  std::string_view bytes) {
  llhttp_t parser = from;
  if (llhttp_execute(&parser, bytes.data(), bytes.size()) != expected) std::abort();
}

[[gnu::noinline]] void write(OutBuffer& out, const core::http::Response& response,
                             std::string_view date) {
  if (!core::http::write_response(out, response, date)) std::abort();
}

[[gnu::noinline]] void write_prepared(OutBuffer& out, const core::http::PreparedResponse& response,
                                      std::string_view date) {
  if (!response.write(out, core::http::After::kKeepOpen, false, date)) std::abort();
}

}  // namespace work

namespace {

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kAnswer =
    R"({"version":"1.0.0","action":"Continue","givenName":"Anna-L"})";

void read_messages(benchmark::State& state, const std::string& wire,
                   RequestReader::PlainFields plain = RequestReader::PlainFields::kSplitHere) {
  RequestReader reader{core::http::Limits{}, plain};
  std::string buffer = wire + std::string(kPadding, '\0');
  for (auto _ : state) {
    // A chunked body is decoded over itself: the copy, 15 ns, is part of both figures.
    std::memcpy(buffer.data(), wire.data(), wire.size());
    benchmark::DoNotOptimize(work::read(reader, buffer.data(), wire.size()));
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_HttpRead(benchmark::State& state) { read_messages(state, counted()); }
BENCHMARK(BM_HttpRead);

void BM_HttpReadByLlhttp(benchmark::State& state) {
  read_messages(state, counted(), RequestReader::PlainFields::kByLlhttp);
}
BENCHMARK(BM_HttpReadByLlhttp);

void BM_HttpReadChunked(benchmark::State& state) { read_messages(state, chunked()); }
BENCHMARK(BM_HttpReadChunked);

void BM_HttpReadScan(benchmark::State& state) {
  const std::string wire = counted();
  for (auto _ : state) benchmark::DoNotOptimize(work::scan(wire.data(), wire.size()));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_HttpReadScan);

void BM_HttpReadLlhttp(benchmark::State& state) {
  const std::string wire = counted();
  llhttp_t behind_request_line;
  llhttp_init(&behind_request_line, HTTP_REQUEST, &kFieldSettings);
  llhttp_execute(&behind_request_line, wire.data(), kRequestLine.size());
  const std::string_view fields = std::string_view(wire).substr(
      kRequestLine.size(), wire.size() - kBodyBytes - kRequestLine.size());
  for (auto _ : state) work::run_llhttp(behind_request_line, HPE_PAUSED, fields);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_HttpReadLlhttp);

void BM_HttpLlhttpWhole(benchmark::State& state) {
  const std::string wire = counted();
  llhttp_t fresh;
  llhttp_init(&fresh, HTTP_REQUEST, &kWholeSettings);
  for (auto _ : state) work::run_llhttp(fresh, HPE_OK, wire);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_HttpLlhttpWhole);

void BM_HttpWrite(benchmark::State& state) {
  OutBuffer out(1 << 20);
  core::http::Response response;
  response.body = kAnswer;
  for (auto _ : state) {
    out.clear();
    work::write(out, response, kDate);
    benchmark::DoNotOptimize(out.view());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_HttpWrite);

void BM_HttpWritePrepared(benchmark::State& state) {
  OutBuffer out(1 << 20);
  core::http::Response response;
  response.body = kAnswer;
  const core::http::PreparedResponse prepared(response);
  for (auto _ : state) {
    out.clear();
    work::write_prepared(out, prepared, kDate);
    benchmark::DoNotOptimize(out.view());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_HttpWritePrepared);

}  // namespace
