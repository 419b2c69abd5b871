#include "proxy/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <iterator>
#include <memory>
#include <string_view>

namespace proxy::log {
namespace {

/// "warning: " or "error: " in front of what is one.
class LevelWord final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& to) override {
    const std::string_view word = message.level >= spdlog::level::err    ? "error: "
                                  : message.level == spdlog::level::warn ? "warning: "
                                                                         : "";
    to.append(word.data(), word.data() + word.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return spdlog::details::make_unique<LevelWord>();
  }
};

spdlog::level::level_enum spdlog_level(Level level) noexcept {
  switch (level) {
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarning: return spdlog::level::warn;
    case Level::kError: break;
  }
  return spdlog::level::err;
}

}  // namespace

void open() {
  if (spdlog::get("claimgate") != nullptr) return;
  auto logger = spdlog::stderr_logger_mt("claimgate");
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelWord>('*').set_pattern("claimgate: %*%v");
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
}

void write(Level level, fmt::string_view format, fmt::format_args values) noexcept {
  try {
    fmt::memory_buffer line;
    fmt::vformat_to(std::back_inserter(line), format, values);
    spdlog::log(spdlog_level(level), std::string_view(line.data(), line.size()));
  } catch (const std::exception&) {  // no memory for the line: it is not worth more than what it is about
  }
}

}  // namespace proxy::log
