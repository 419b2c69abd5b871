#pragma once

#include <cstddef>
#include <string_view>

namespace core::http {

/// What a request may cost (docs/configuration.md, `limits`).
struct Limits {
  std::size_t request_line_bytes = 8 << 10;      // without its line end; else 414
  std::size_t head_bytes = 16 << 10;             // request line, fields, empty line; else 431
  std::size_t header_fields = 100;               // else 431
  std::size_t body_bytes = 256 << 10;            // decoded; else 413
  std::size_t chunk_extension_bytes = 16 << 10;  // over a message; else 413
  std::size_t trailer_bytes = 16 << 10;          // without the empty line behind; else 431
};

/// A request that cannot be accepted. The connection is closed after the answer.
struct Refusal {
  int status = 0;           // 400, 413, 414, 417, 431, 501 or 505
  std::size_t offset = 0;   // the byte of the message at which it was noticed
  std::string_view reason;  // a sentence of ours, static; never contains what was sent
};

}  // namespace core::http
