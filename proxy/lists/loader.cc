#include "proxy/lists/loader.h"

#include <sys/random.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <utility>

#include "core/lists/checksum.h"
#include "core/lists/compiled.h"
#include "proxy/lists/fetch.h"
#include "proxy/lists/pages.h"

namespace proxy::lists {
namespace {

using core::lists::List;

constexpr std::string_view kCopyMagic = "claimgate list copy 1\n";
constexpr mode_t kCopyMode = 0600;

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, number);
  return text;
}

/// The last good contents of a URL, on disk: the magic, then ETag, Last-Modified, checksums of the
/// URL and the contents, a line each, and the contents.
struct Copy {
  std::string_view contents;
  std::shared_ptr<const void> owner;
  std::string etag, last_modified;
  std::int64_t written_at_s;
};

std::string copy_head(const std::string& url, const Origin& origin) {
  return std::string(kCopyMagic) + origin.etag + "\n" + origin.last_modified + "\n" +
         hex(core::lists::checksum(url)) + "\n" + hex(origin.checksum) + "\n";
}

/// Nothing when there is no copy, or it is damaged or of another URL.
std::optional<Copy> read_copy(const std::string& path, const std::string& url) {
  auto read = read_list_file(path);
  if (!read || !read.value().contents.starts_with(kCopyMagic)) return std::nullopt;
  std::string_view rest = read.value().contents.substr(kCopyMagic.size());
  std::string_view lines[4];
  for (std::string_view& line : lines) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  if (lines[2] != hex(core::lists::checksum(url)) || lines[3] != hex(core::lists::checksum(rest))) {
    return std::nullopt;
  }
  return Copy{rest, read.value().owner, std::string(lines[0]), std::string(lines[1]),
              read.value().state.modified_ns / 1'000'000'000};
}

/// Fills `loaded` from contents that are at hand.
void take(Loaded& loaded, std::string_view contents, std::shared_ptr<const void> owner,
          core::lists::Match match, const std::string& place) {
  loaded.origin.checksum = core::lists::checksum(contents);
  loaded.origin.confirmed_at_s = now_s();
  auto list = core::lists::read_list(contents, std::move(owner), match, random_bits());
  if (list) {
    loaded.list = std::make_shared<const List>(std::move(list).value());
  } else {
    loaded.failure = place + list.error().message;
  }
}

/// Why `fresh` is not taken in place of `current`; empty when it is.
std::string refuse(const List& fresh, const List& current, const std::string& place) {
  constexpr std::size_t kToleratedShare = 100;  // one line of so many
  constexpr std::size_t kShown = 5;
  if (fresh.bad_lines().empty() && fresh.bad_count() == 0 && fresh.size() == 0 &&
      current.size() > 0) {
    return place + "the list is empty now; a SIGHUP takes it as it is";
  }
  const std::size_t tolerated = std::max(current.bad_count(), fresh.size() / kToleratedShare);
  if (fresh.bad_count() <= tolerated) return {};
  std::string why = place + std::to_string(fresh.bad_count()) + " bad lines, more than before";
  for (std::size_t i = 0; i < std::min(kShown, fresh.bad_lines().size()); ++i) {
    const core::lists::BadLine& bad = fresh.bad_lines()[i];
    why += "; line " + std::to_string(bad.line) + ": " + bad.message;
  }
  return why + "; a SIGHUP takes the list without them";
}

}  // namespace

std::int64_t now_s() noexcept { return std::time(nullptr); }

std::uint64_t random_bits() noexcept {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != sizeof bits) std::abort();  // cannot fail on Linux
  return bits;
}

std::string Loader::copy_path(const Definition& definition) const {
  return state_directory_ + "/" + definition.name + ".copy";
}

Loaded Loader::load_file(const Definition& definition, const Origin* known) const {
  Loaded loaded;
  const auto failed = [&](const FileError& error) {
    loaded.failure = "cannot read " + definition.location + ": " + error.why;
    return loaded;
  };
  if (known != nullptr) {
    auto state = look_at(definition.location);
    if (!state) return failed(state.error());
    if (state.value() == known->file) {
      loaded.origin = *known;
      loaded.origin.confirmed_at_s = now_s();
      return loaded;
    }
  }
  auto read = read_list_file(definition.location);
  if (!read) return failed(read.error());
  FileBytes& bytes = read.value();
  loaded.origin.file = bytes.state;
  if (known != nullptr && core::lists::checksum(bytes.contents) == known->checksum) {
    loaded.origin.checksum = known->checksum;  // written again as it was
    loaded.origin.confirmed_at_s = now_s();
    return loaded;
  }
  take(loaded, bytes.contents, std::move(bytes.owner), definition.match,
       definition.location + ": ");
  return loaded;
}

Loaded Loader::load_url(const Definition& definition, const Origin* known,
                        const List* current) const {
  Loaded loaded;
  FetchRequest request;
  request.url = definition.location;
  request.redirect_hosts = definition.redirect_hosts;
  std::optional<Copy> copy;
  if (known != nullptr) {
    request.etag = known->etag;
    request.last_modified = known->last_modified;
  } else if (!state_directory_.empty()) {
    copy = read_copy(copy_path(definition), definition.location);
    if (copy) {
      request.etag = copy->etag;
      request.last_modified = copy->last_modified;
    }
  }
  Fetched fetched = fetch(request, stop_);
  const auto take_copy = [&] {
    loaded.origin.etag = copy->etag;
    loaded.origin.last_modified = copy->last_modified;
    take(loaded, copy->contents, copy->owner, definition.match, "the copy of last time: ");
  };
  if (!fetched.failure.empty()) {
    if (!copy) {
      loaded.failure = "cannot fetch it: " + fetched.failure;
      return loaded;
    }
    take_copy();
    loaded.origin.confirmed_at_s = copy->written_at_s;  // nobody has said that it still is the list
    loaded.remark = "cannot fetch it: " + fetched.failure + "; the copy of last time is used";
    return loaded;
  }
  if (fetched.unchanged && copy) {
    take_copy();
    return loaded;
  }
  if (fetched.unchanged && known != nullptr) {
    loaded.origin = *known;
    loaded.origin.confirmed_at_s = now_s();
    return loaded;
  }
  const std::shared_ptr<const std::string> body(
      new const std::string(std::move(fetched.body)), [](const std::string* text) {
        give_back(text->data(), text->size());
        delete text;
      });
  loaded.origin.etag = std::move(fetched.etag);
  loaded.origin.last_modified = std::move(fetched.last_modified);
  if (known != nullptr && core::lists::checksum(*body) == known->checksum) {
    loaded.origin.checksum = known->checksum;  // a source without validators
    loaded.origin.confirmed_at_s = now_s();
    return loaded;
  }
  take(loaded, *body, body, definition.match, "");
  if (loaded.list != nullptr && current != nullptr) {
    loaded.failure = refuse(*loaded.list, *current, "");
  }
  if (loaded.failure.empty() && keep_copies_ && !state_directory_.empty()) {
    loaded.remark = write_atomically(
        copy_path(definition), {copy_head(definition.location, loaded.origin), *body}, kCopyMode);
  }
  return loaded;
}

Loaded Loader::load(const Definition& definition) const {
  return definition.kind == Definition::Kind::kUrl ? load_url(definition, nullptr, nullptr)
                                                   : load_file(definition, nullptr);
}

Loaded Loader::load_again(const Definition& definition, const Origin& known,
                          const List& current) const {
  Loaded loaded = definition.kind == Definition::Kind::kUrl ? load_url(definition, &known, &current)
                                                            : load_file(definition, &known);
  if (loaded.list != nullptr && definition.kind == Definition::Kind::kFile) {
    loaded.failure = refuse(*loaded.list, current, definition.location + ": ");
  }
  if (!loaded.failure.empty()) loaded.list.reset();
  return loaded;
}

}  // namespace proxy::lists
