// Runs a fuzz target without libFuzzer: its seeds, then mutants of them, always the same ones. That
// is what the ordinary test build has, whose compiler brings no libFuzzer: it shows that no seed,
// and nothing near one, is a finding; to look for new ones is the work of tools/fuzz.
//
//   NAME [--mutants N] [--ms N] FILE|DIRECTORY...      ends early after N ms of processor time
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kBytesMax = 4096;  // libFuzzer's own default

/// From a heap buffer of exact size.
void run(const std::string& input) {
  const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[input.size()]);
  if (!input.empty()) std::memcpy(exact.get(), input.data(), input.size());
  LLVMFuzzerTestOneInput(exact.get(), input.size());
}

/// xorshift64 (Marsaglia, 2003): the mutants of a seed are the same everywhere.
class Random {
 public:
  std::size_t below(std::size_t n) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::size_t>(state_ % n);
  }

 private:
  std::uint64_t state_ = 0x9e3779b97f4a7c15;
};

void mutate(std::string& input, const std::vector<std::string>& seeds, Random& random) {
  constexpr std::string_view kBytes("\0\r\n\t \"\\:,{}[]/%#@+-0129\x7f\x80\xc3\xff", 28);
  for (std::size_t times = 1 + random.below(4); times > 0; --times) {
    const std::size_t at = random.below(input.size() + 1);
    const std::size_t length = random.below(std::min<std::size_t>(input.size() - at, 16) + 1);
    switch (random.below(6)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ 1 << random.below(8));
        break;
      case 1:
        input.insert(at, 1, kBytes[random.below(kBytes.size())]);
        break;
      case 2:
        input.erase(at, length);
        break;
      case 3:
        input.insert(at, input.substr(at, length));
        break;
      case 4: {  // the end of another seed
        const std::string& other = seeds[random.below(seeds.size())];
        input.replace(at, std::string::npos, other, random.below(other.size() + 1));
        break;
      }
      default:
        input.resize(at);
    }
  }
  if (input.size() > kBytesMax) input.resize(kBytesMax);
}

bool number(const char* text, std::size_t& to) {
  const char* const end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, to);
  return error == std::errc{} && stop == end;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t mutants = 0, ms = 60'000;
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if ((argument == "--mutants" || argument == "--ms") && i + 1 < argc) {
      if (number(argv[++i], argument == "--ms" ? ms : mutants)) continue;
      std::fprintf(stderr, "%s wants a number\n", argv[i - 1]);
      return 2;
    }
    if (std::filesystem::is_directory(argument)) {
      for (const auto& entry : std::filesystem::directory_iterator(argument))
        files.push_back(entry.path());
    } else {
      files.emplace_back(argument);
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> seeds;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      std::fprintf(stderr, "cannot read %s\n", file.c_str());
      return 2;
    }
    seeds.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    std::fprintf(stderr, "seed %s\n", file.c_str());  // the last one of these is the one that fails
    run(seeds.back());
  }
  if (seeds.empty()) {
    std::fputs("no seeds\n", stderr);
    return 2;
  }
  run(std::string());
  Random random;
  std::size_t made = 0;
  const auto out_of_time = [ms] {
    return static_cast<std::size_t>(std::clock()) > ms * (CLOCKS_PER_SEC / 1000);
  };
  for (; made < mutants && !out_of_time(); ++made) {
    std::string input = seeds[made % seeds.size()];
    mutate(input, seeds, random);
    run(input);
  }
  std::printf("%zu seeds and %zu mutants\n", seeds.size(), made);
  return 0;
}
