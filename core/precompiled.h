#ifndef CLAIMGATE_CORE_PRECOMPILED_H_
#define CLAIMGATE_CORE_PRECOMPILED_H_

// What most files of core/ read before their own first line, compiled once. No file counts on it: each
// includes what it uses, and builds with -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON too.
#include <absl/container/flat_hash_set.h>
#include <re2/re2.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#endif  // CLAIMGATE_CORE_PRECOMPILED_H_
