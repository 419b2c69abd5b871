#ifndef CLAIMGATE_TESTS_PRECOMPILED_H_
#define CLAIMGATE_TESTS_PRECOMPILED_H_

// What nearly every test reads before its own first line, and the dearest of what many do, compiled
// once for all suites: two thirds of a test's compilation were these headers. No test counts on it:
// each includes what it uses, and builds with -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON too.
#include <absl/container/flat_hash_set.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#endif  // CLAIMGATE_TESTS_PRECOMPILED_H_
