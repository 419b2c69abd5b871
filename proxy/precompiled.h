#pragma once

// What most files of proxy/ read before their own first line, compiled once: it was half of a file's
// compilation. No file counts on it: each includes what it uses, and builds with
// -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON too.
#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>
#include <fmt/core.h>
#include <openssl/ssl.h>
#include <simdjson.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>
