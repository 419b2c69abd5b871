#include "proxy/redis/command.h"

#include <hiredis/hiredis.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>
#include <new>

namespace proxy::redis {
namespace {

struct Free {
  void operator()(char* bytes) const noexcept { redisFreeCommand(bytes); }
};

std::string formatted(std::span<const std::string_view> words) {
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
  starts.reserve(words.size());
  sizes.reserve(words.size());
  for (const std::string_view word : words) {
    starts.push_back(word.empty() ? "" : word.data());
    sizes.push_back(word.size());
  }
  char* made = nullptr;
  const auto size =
      redisFormatCommandArgv(&made, static_cast<int>(words.size()), starts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  const std::unique_ptr<char, Free> owned(made);
  return {made, static_cast<std::size_t>(size)};
}

std::string sha1_of(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) != 1) return {};
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

}  // namespace

Script::Script(std::string_view text) : text_(text), digest_(sha1_of(text)) {}

Command::Command(std::initializer_list<std::string_view> words)
    : Command(std::span<const std::string_view>(words.begin(), words.size())) {}

Command::Command(std::span<const std::string_view> words) : bytes_(formatted(words)) {}

Command Command::run(const Script& script, std::span<const std::string_view> keys,
                     std::span<const std::string_view> arguments) {
  const std::string key_count = std::to_string(keys.size());
  std::vector<std::string_view> words{"EVALSHA", script.digest(), key_count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  Command command{std::span<const std::string_view>(words)};
  command.script_ = &script;
  return command;
}

std::string Command::with_text() const {
  // "*N\r\n" "$7\r\nEVALSHA\r\n" "$40\r\n<digest>\r\n" and the rest, which stays.
  const std::size_t count_end = bytes_.find("\r\n") + 2;
  const std::size_t rest = bytes_.find(script_->digest(), count_end) + script_->digest().size() + 2;
  std::string made = bytes_.substr(0, count_end);
  made.append("$4\r\nEVAL\r\n$").append(std::to_string(script_->text().size())).append("\r\n");
  made.append(script_->text()).append("\r\n").append(bytes_, rest);
  return made;
}

}  // namespace proxy::redis
