#include "proxy/commands/configuration.h"

#include <algorithm>
#include <thread>

#include "core/gate/compile.h"
#include "proxy/commands/file_source.h"

namespace proxy::commands {

std::uint64_t random_seed() { return lists::random_bits(); }

namespace {

lists::Definition definition_of(const core::config::ListSource& source) {
  lists::Definition definition;
  definition.name = source.name.value;
  definition.match = core::gate::match_of(source.match);
  definition.reload = source.reload;
  for (const core::config::Text& host : source.redirect_hosts) {
    definition.redirect_hosts.push_back(host.value);
  }
  return definition;
}

}  // namespace

Configuration read_configuration(const std::string& path, std::size_t workers, bool serving,
                                 const std::atomic<bool>* stop, TicketBook* tickets) {
  static constexpr std::atomic<bool> kNever{false};
  FileSource source;
  Configuration read;
  read.config = core::config::load(path, source, read.diagnostics);
  const auto cores = static_cast<std::size_t>(std::max(1u, std::thread::hardware_concurrency()));
  read.workers = workers > 0                ? workers
                 : read.config.workers > 0 ? static_cast<std::size_t>(read.config.workers)
                                           : cores;
  core::gate::CompileOptions options;
  options.lanes = read.workers;
  options.seed = random_seed();
  options.lists = &read.lists;
  for (const core::config::ListSource& list : read.config.lists) {
    read.sources.push_back({definition_of(list), {}});
    read.sources.back().origin.confirmed_at_s = lists::now_s();
  }
  const lists::Loader loader(read.config.lists_state.value, serving,
                             stop == nullptr ? kNever : *stop);
  options.load_list = [&](const core::config::ListSource& list, const std::string& file,
                          core::lists::Match) -> core::gate::LoadedList {
    const auto at = std::find_if(read.sources.begin(), read.sources.end(), [&](const auto& known) {
      return known.definition.name == list.name.value;
    });
    lists::Definition& definition = at->definition;
    const bool is_url = !list.url.value.empty();
    definition.kind = is_url ? lists::Definition::Kind::kUrl : lists::Definition::Kind::kFile;
    definition.location = is_url ? list.url.value : file;
    lists::Loaded loaded = loader.load(definition);
    at->origin = std::move(loaded.origin);
    return {std::move(loaded.list), std::move(loaded.failure), std::move(loaded.remark)};
  };
  TicketBook fresh;
  read.tls = make_tls(read.config, source, read.diagnostics, tickets == nullptr ? fresh : *tickets);
  read.trust = make_caller_trust(read.config, source, read.diagnostics);
  read.token_authorities = tokens::resolve_authorities(read.config, source, read.diagnostics);
  read.snapshot = core::gate::compile(read.config, options, source, read.diagnostics);
  read.backends = upstream::resolve_backends(read.config.backends, source, read.diagnostics);
  const core::config::State::Redis& redis = read.config.state.redis;
  if (redis.tls) {
    core::config::BackendTls tls;
    tls.ca = redis.ca;
    tls.certificate = redis.certificate;
    tls.key = redis.certificate_key;
    read.redis_tls = upstream::resolve_tls(tls, source, read.diagnostics);
  }
  return read;
}

}  // namespace proxy::commands
