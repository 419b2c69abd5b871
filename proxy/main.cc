#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "proxy/commands/approvals.h"
#include "proxy/commands/commands.h"
#include "proxy/commands/configuration.h"
#include "proxy/commands/invitations.h"
#include "proxy/commands/events.h"
#include "proxy/log.h"

int main(int argc, char** argv) {
  namespace commands = proxy::commands;
  proxy::log::open();

  CLI::App app("claimgate: in-line decisions in front of sign-up API connectors");
  app.require_subcommand(1);
  std::string config, connector, claims = "-";

  CLI::App* const serve = app.add_subcommand("serve", "run; SIGHUP reloads, SIGTERM drains");
  serve->add_option("--config", config, "the configuration file")->required();

  CLI::App* const check =
      app.add_subcommand("check", "validate a configuration and run its own tests");
  check->add_option("FILE", config, "the configuration file")->required();
  std::string coverage;
  check->add_flag("--coverage{report}", coverage,
                  "name the rules that no test makes act; =required makes them a failure")
      ->check(CLI::IsMember({"report", "required"}));

  CLI::App* const explain =
      app.add_subcommand("explain", "show which rule does what to claims, and the exact answer");
  explain->add_option("--config", config, "the configuration file")->required();
  explain->add_option("--connector", connector, "the connector's name")->required();
  std::vector<std::string> backends;
  explain->add_option("--backend", backends,
                      "a verdict in place of a backend: crm=continue:{\"city\":\"Lund\"}, "
                      "crm=block:MESSAGE, crm=unresolved")
      ->allow_extra_args(false);
  std::string dialect;
  explain->add_option("--dialect", dialect,
                      "what another caller would be told of the same claims; all: each caller");
  std::uint32_t before = 0;
  explain->add_option("--before", before,
                      "as if so many others had come with the same claims, for limits of velocity")
      ->check(CLI::Range(0, 100'000));
  explain->add_option("CLAIMS", claims, "a file with the claims as JSON; - is standard input");

  commands::ReplayOptions replayed;
  CLI::App* const replay = app.add_subcommand("replay", "verdicts of a capture that would change");
  replay->add_option("--config", replayed.config, "the new configuration")->required();
  replay->add_option("--against", replayed.against,
                     "the old configuration; without it the verdicts that were recorded");
  replay->add_option("--samples", replayed.samples, "lines named for each kind of difference");
  replay->add_flag("--json", replayed.json, "print one JSON object");
  replay->add_option("CAPTURE", replayed.capture, "the capture; - is standard input")->required();

  std::string match, out, in;
  std::vector<std::string> values;
  const auto matches = CLI::IsMember({"exact", "email", "domain", "network"});
  CLI::App* const list = app.add_subcommand("list", "build and look into compiled lists");
  list->require_subcommand(1);
  CLI::App* const list_build = list->add_subcommand("build", "compile a list of one entry a line");
  list_build->add_option("--match", match, "exact, email, domain or network")->required()->check(matches);
  list_build->add_option("--out", out, "the file to write")->required();
  list_build->add_option("FILE", in, "the entries; - is standard input")->required();
  CLI::App* const list_info = list->add_subcommand("info", "what a compiled list holds");
  list_info->add_option("FILE", in, "the compiled list")->required();
  CLI::App* const list_check = list->add_subcommand("check", "whether values are in a list");
  list_check->add_option("--match", match, "of a list of text")->check(matches);
  list_check->add_option("FILE", in, "the list, compiled or text")->required();
  list_check->add_option("VALUE", values, "the values")->required();

  commands::ApprovalsOptions approval;
  CLI::App* const approvals = app.add_subcommand("approvals", "list, show and decide sign-ups that wait for approval");
  approvals->require_subcommand(1);
  /// A command that asks the admin address of a running process.
  const auto admin_command = [](CLI::App* of, const char* name, const char* words, commands::AdminTarget& admin) {
    CLI::App* const one = of->add_subcommand(name, words);
    CLI::Option* const file = one->add_option("--config", admin.config, "says where the admin address is");
    CLI::Option* const url = one->add_option("--admin", admin.url,
                                             "its URL instead, with the token in CLAIMGATE_ADMIN_TOKEN");
    one->callback([file, url] {
      if (file->empty() && url->empty()) throw CLI::RequiredError("--config or --admin");
    });
    return one;
  };
  const auto approval_command = [&](const char* name, const char* words, bool of_one) {
    CLI::App* const one = admin_command(approvals, name, words, approval.admin);
    one->add_option("NAME", approval.name, "of the approval in the configuration")->required();
    if (of_one) one->add_option("ID", approval.id, "which one")->required();
    return one;
  };
  CLI::App* const approvals_list = approval_command("list", "those that there are", false);
  approvals_list->add_option("--state", approval.state, "pending, approved, denied or expired")
      ->check(CLI::IsMember({"pending", "approved", "denied", "expired"}));
  approvals_list->add_flag("--json", approval.json, "print JSON, a page a line");
  CLI::App* const approvals_show = approval_command("show", "one with its claims and its trail, as JSON", true);
  CLI::App* const approve = approval_command("approve", "let somebody in", true);
  CLI::App* const deny = approval_command("deny", "keep somebody out", true);
  for (CLI::App* const decides : {approve, deny}) {
    decides->add_option("--by", approval.by, "who decides")->required();
    decides->add_option("--reason", approval.reason, "why")->required();
  }
  commands::InvitationsOptions invitation;
  CLI::App* const invitations = app.add_subcommand("invitations", "create, list, show and revoke invitation codes");
  invitations->require_subcommand(1);
  const auto invitation_command = [&](const char* name, const char* words, bool of_one) {
    CLI::App* const one = admin_command(invitations, name, words, invitation.admin);
    one->add_option("NAME", invitation.name, "of the invitation in the configuration")->required();
    if (of_one) one->add_option("ID", invitation.id, "which one, or the code itself")->required();
    return one;
  };
  CLI::App* const invitations_create = invitation_command("create", "new codes, printed this once", false);
  invitations_create->add_option("--count", invitation.count, "how many codes, at most 1000");
  invitations_create->add_option("--uses", invitation.uses, "how many people may redeem each");
  invitations_create->add_option("--expires", invitation.expires, "30d, 2026-12-31, or never; else as configured");
  invitations_create->add_option("--address", invitation.address, "the only address that they are for");
  invitations_create->add_option("--domain", invitation.domain, "the only domain that they are for, and those below it");
  invitations_create->add_option("--note", invitation.note, "what they are for; lists show it");
  invitations_create->add_option("--by", invitation.by, "who creates them")->required();
  invitations_create->add_flag("--json", invitation.json, "print JSON, with each code's id");
  CLI::App* const invitations_list = invitation_command("list", "those that there are", false);
  invitations_list->add_option("--state", invitation.state, "open, used_up, expired or revoked")
      ->check(CLI::IsMember({"open", "used_up", "expired", "revoked"}));
  invitations_list->add_flag("--json", invitation.json, "print JSON, a page a line");
  CLI::App* const invitations_show = invitation_command("show", "one with its trail, as JSON", true);
  CLI::App* const invitations_revoke = invitation_command("revoke", "nobody redeems it any more", true);
  invitations_revoke->add_option("--by", invitation.by, "who revokes it")->required();
  invitations_revoke->add_option("--reason", invitation.reason, "why")->required();
  commands::EventsOptions told;
  CLI::App* const events = app.add_subcommand("events", "look at events on their way, bring dead letters again, throw away");
  events->require_subcommand(1);
  const auto events_command = [&](const char* name, const char* words, bool of_one) {
    CLI::App* const one = admin_command(events, name, words, told.admin);
    if (of_one) one->add_option("SINK", told.sink, "its name in the configuration")->required();
    return one;
  };
  CLI::App* const events_list = events_command("list", "how much waits for which sink", false);
  CLI::App* const events_dead = events_command("dead", "the dead letters of a sink", true);
  for (CLI::App* const lists : {events_list, events_dead}) lists->add_flag("--json", told.json, "print JSON");
  CLI::App* const events_replay = events_command("replay", "bring its dead letters again", true);
  CLI::App* const events_purge = events_command("purge", "throw away what waits for it", true);
  events_purge->add_flag("--dead", told.dead, "its dead letters instead");
  std::string head;
  CLI::App* const audit = app.add_subcommand("audit", "look into the audit log");
  audit->require_subcommand(1);
  CLI::App* const audit_verify = audit->add_subcommand("verify", "whether its chain holds");
  audit_verify->add_option("--config", config, "the configuration file")->required();
  audit_verify->add_option("--head", head, "the digest that it has to end in, as an earlier run printed it");

  CLI::App* const schema = app.add_subcommand("schema", "print the configuration's JSON Schema");
  CLI::App* const version = app.add_subcommand("version", "print versions");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? commands::kExitOk : commands::kExitUsage;
  }
  try {
    if (serve->parsed()) return commands::serve(config);
    if (check->parsed()) {
      return commands::check(config, coverage.empty() ? commands::CoverageWish::kNone
                                     : coverage == "required"
                                         ? commands::CoverageWish::kRequired
                                         : commands::CoverageWish::kReported);
    }
    if (explain->parsed()) return commands::explain(config, connector, claims, backends, dialect, before);
    if (replay->parsed()) return commands::replay(replayed);
    if (list_build->parsed()) return commands::list_build(match, out, in);
    if (list_info->parsed()) return commands::list_info(in);
    if (list_check->parsed()) return commands::list_check(in, match, values);
    if (approvals_list->parsed()) return commands::approvals_list(approval);
    if (approvals_show->parsed()) return commands::approvals_show(approval);
    if (approve->parsed()) return commands::approvals_decide(approval, "approve");
    if (deny->parsed()) return commands::approvals_decide(approval, "deny");
    if (invitations_create->parsed()) return commands::invitations_create(invitation);
    if (invitations_list->parsed()) return commands::invitations_list(invitation);
    if (invitations_show->parsed()) return commands::invitations_show(invitation);
    if (invitations_revoke->parsed()) return commands::invitations_revoke(invitation);
    if (events_list->parsed()) return commands::events_list(told);
    if (events_dead->parsed()) return commands::events_dead(told);
    if (events_replay->parsed()) return commands::events_replay(told);
    if (events_purge->parsed()) return commands::events_purge(told);
    if (audit_verify->parsed()) return commands::audit_verify(config, head);
    if (schema->parsed()) return commands::schema();
    if (version->parsed()) return commands::version();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "claimgate: error: %s\n", error.what());  // no memory at start-up, say
  }
  return commands::kExitFailed;
}
