// List files, text and compiled, and the journals of their changes: whatever a file holds is a list
// that can be looked into, or is refused. A list that was read, written and read again is the same.
// Seeds: tests/fuzz/seeds/lists.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/arena.h"
#include "core/lists/checksum.h"
#include "core/lists/compiled.h"
#include "core/lists/entry.h"
#include "core/lists/journal.h"
#include "core/lists/list.h"

namespace {

using namespace core::lists;

constexpr std::uint64_t kSeed = 0x5eed;

/// A copy of exact size, as a mapped file is: at a multiple of 64 bytes.
struct Mapped {
  explicit Mapped(std::string_view bytes)
      : owner(std::aligned_alloc(64, (bytes.size() / 64 + 1) * 64), std::free), size(bytes.size()) {
    if (owner == nullptr) std::abort();
    if (!bytes.empty()) std::memcpy(owner.get(), bytes.data(), size);
  }
  std::string_view view() const { return {static_cast<const char*>(owner.get()), size}; }
  std::shared_ptr<void> owner;
  std::size_t size;
};

void look_into(const List& list) {
  core::Arena arena(16 << 10);
  for (const std::string_view value :
       {"", "a@b.example", "b.example", "192.0.2.1", "2001:db8::/32", "x.y.z.b.example"}) {
    arena.reset();
    static_cast<void>(list.contains(List::normalise(list.match(), value, arena)));
  }
}

void text_list(std::string_view contents, Match match) {
  const List list = List::parse(contents, match, kSeed);
  if (!list.complete()) std::abort();
  const auto lines =
      static_cast<std::size_t>(std::count(contents.begin(), contents.end(), '\n')) + 1;
  if (list.size() + list.bad_count() > lines) std::abort();
  for (const BadLine& bad : list.bad_lines()) {
    if (bad.line > lines || bad.message.empty()) std::abort();
  }
  look_into(list);
  std::string file = compiled_header(list, 1'700'000'000);
  const auto buckets = list.set().bucket_bytes();
  file.append(reinterpret_cast<const char*>(buckets.data()), buckets.size());
  const Mapped mapped(file);
  const auto again = open_compiled(mapped.view(), mapped.owner);
  if (!again || again.value().list.size() != list.size() || again.value().list.match() != match)
    std::abort();
  core::Arena arena(16 << 10);
  while (!contents.empty()) {
    const std::size_t end = std::min(contents.find('\n'), contents.size());
    const std::string_view line = trim_ascii(contents.substr(0, end));
    contents.remove_prefix(std::min(end + 1, contents.size()));
    arena.reset();
    if (line.starts_with('#')) continue;
    const Entry entry = read_entry(line, match, arena);
    if (entry.wrong != nullptr || entry.value.empty()) continue;
    if (list.contains(entry.value) != again.value().list.contains(entry.value)) std::abort();
  }
}

/// With the checksums made right, so that what they protect is reached too.
void compiled_list(std::string_view contents, bool mend) {
  std::string file(contents);
  if (mend && file.size() >= kCompiledHeaderBytes) {
    constexpr std::size_t kBucketSum = 96, kHeaderSum = 120;  // compiled.h
    const std::uint64_t buckets = checksum(std::string_view(file).substr(kCompiledHeaderBytes));
    std::memcpy(file.data() + kBucketSum, &buckets, sizeof buckets);
    const std::uint64_t header = checksum(std::string_view(file).substr(0, kHeaderSum));
    std::memcpy(file.data() + kHeaderSum, &header, sizeof header);
  }
  const Mapped mapped(file);
  const auto opened = open_compiled(mapped.view(), mapped.owner);
  if (!opened) {
    if (opened.error().message.empty()) std::abort();
    return;
  }
  look_into(opened.value().list);
}

void journal(std::string_view bytes) {
  std::string again;
  Changes changes;
  const std::unique_ptr<char[]> exact(new char[bytes.size()]);
  if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
  const JournalRead read = read_journal({exact.get(), bytes.size()}, [&](const Step& step) {
    append_step(again, step);
    changes.apply(step);
  });
  if (read.sound_bytes > bytes.size() || (read.torn && read.damaged)) std::abort();
  if (read.sound_bytes == bytes.size() && (read.torn || read.damaged)) std::abort();
  if (read.sound_bytes > 0 && kJournalMagic.size() + again.size() != read.sound_bytes) std::abort();
  if (read.sound_bytes > 0 && bytes.substr(kJournalMagic.size(), again.size()) != again)
    std::abort();
  changes.expire(1'700'000'000);
  if (changes.added() > changes.size() || changes.size() > read.steps) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      text_list(input, Match::kExact);
      break;
    case 1:
      text_list(input, Match::kEmail);
      break;
    case 2:
      text_list(input, Match::kDomain);
      break;
    case 3:
      text_list(input, Match::kNetwork);
      break;
    case 4:
      compiled_list(input, false);
      break;
    case 5:
      compiled_list(input, true);
      break;
    case 6:
      journal(input);
      break;
    default: {  // steps of the input's own, then cut: what was written before the cut stays
      std::string whole(kJournalMagic);
      std::size_t steps = 0;
      for (std::size_t at = 0; at + 1 < input.size() && steps < 64; ++steps) {
        const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(input[at]) % 32,
                                                         input.size() - at - 1);
        append_step(whole, {static_cast<Step::Kind>(1 + steps % 3), 7,
                            static_cast<std::int64_t>(at), input.substr(at + 1, length)});
        at += 1 + length;
      }
      const std::size_t cut =
          input.empty() ? 0 : static_cast<unsigned char>(input.back()) % whole.size();
      const JournalRead read =
          read_journal(std::string_view(whole).substr(0, whole.size() - cut), [](const Step&) {});
      if (read.damaged || read.steps > steps || (cut == 0 && read.steps != steps)) std::abort();
      journal(std::string_view(whole).substr(0, whole.size() - cut));
    }
  }
  return 0;
}
