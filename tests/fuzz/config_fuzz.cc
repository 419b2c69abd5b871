// Configuration files: whatever they hold is loaded or refused with a place, never a crash.
#include <cstdint>
#include <optional>
#include <string>

#include "core/config/load.h"
#include "core/gate/compile.h"

namespace {

class OneFile final : public core::config::Source {
 public:
  explicit OneFile(std::string text) : text_(std::move(text)) {}
  core::Result<std::string, Failure> read_file(const std::string& path) override {
    if (path == "c.yaml") return text_;
    return Failure{"no such file"};
  }
  std::optional<std::string> environment(const std::string&) override { return "value"; }

 private:
  std::string text_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  OneFile file(std::string(reinterpret_cast<const char*>(bytes), size));
  core::config::Diagnostics diagnostics;
  const auto config = core::config::load("c.yaml", file, diagnostics);
  const auto snapshot = core::gate::compile(config, {1, 7}, file, diagnostics);
  if ((snapshot == nullptr) != diagnostics.has_errors()) __builtin_trap();
  static_cast<void>(diagnostics.render());
  return 0;
}
