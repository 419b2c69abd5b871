// What stands in front of callers: a PROXY header in pieces is the header as a whole, and asks for
// no more than its bound; elements of X-Forwarded-For are read within their bytes.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/callers/forwarded.h"
#include "core/callers/proxy_header.h"

namespace {

using core::callers::ProxyHeader;
using core::callers::ProxyVersions;
using State = ProxyHeader::State;

/// From a heap buffer of exact size.
ProxyHeader read(std::string_view bytes, ProxyVersions versions) {
  const std::unique_ptr<char[]> exact(new char[bytes.size()]);
  if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
  return core::callers::read_proxy_header({exact.get(), bytes.size()}, versions);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const ProxyVersions versions :
       {ProxyVersions::kV1, ProxyVersions::kV2, ProxyVersions::kAny}) {
    const ProxyHeader whole = read(bytes, versions);
    if (whole.state == State::kMore && size >= ProxyHeader::kV2BytesMax) std::abort();
    if (whole.state == State::kDone && (whole.size > size || whole.size == 0)) std::abort();
    for (std::size_t cut = 0; cut < size; ++cut) {
      const ProxyHeader part = read(bytes.substr(0, cut), versions);
      if (part.state == State::kMore) continue;
      if (part.state != whole.state || part.size != whole.size) std::abort();
      break;
    }
    if (whole.state == State::kDone &&
        read(bytes.substr(0, whole.size - 1), versions).state != State::kMore) {
      std::abort();
    }
  }
  const std::unique_ptr<char[]> exact(new char[size]);
  if (size > 0) std::memcpy(exact.get(), data, size);
  const core::http::Header field{"X-Forwarded-For", {exact.get(), size}};
  core::http::Request request;
  request.fields = &field;
  request.field_count = 1;
  for (std::size_t depth = 1; depth <= 3; ++depth) core::callers::forwarded_address(request, depth);
  return 0;
}
