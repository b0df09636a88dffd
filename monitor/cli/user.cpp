#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "monitor/agent/durable_file.h"
#include "monitor/agent/service_client.h"
#include "monitor/cli/commands.h"

namespace monitor::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestToken = 512;

struct UserOptions {
  std::string service = "http://127.0.0.1:8080";
  std::string token_file;
  std::string id, name, role, instrument, until, reason;
  bool system = false;
};

/// The service as an administrator's token sees it.
class Service {
 public:
  explicit Service(const UserOptions& options)
      : client_(options.service, TokenIn(options.token_file)), url_(options.service) {}

  json Get(const std::string& path) { return Checked(client_.Get(path)); }
  json Post(const std::string& path, const json& body) {
    return Checked(client_.PostJson(path, body.dump()));
  }

 private:
  static std::string TokenIn(const std::string& file) {
    std::string token = agent::ReadFile(file, kLongestToken);
    while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back())) != 0) {
      token.pop_back();
    }
    return token;
  }
  [[nodiscard]] json Checked(const agent::Answer& answer) const {
    if (answer.status == 0) {
      throw std::runtime_error("no service answers at " + url_ + " (" + answer.body + ")");
    }
    const json body = json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
    if (answer.ok() && body.is_object()) return body;
    const std::string why = body.is_object() ? body.value("detail", "") : "";
    throw std::runtime_error(why.empty() ? "the service answered " + std::to_string(answer.status)
                                         : why);
  }

  agent::ServiceClient client_;
  std::string url_;
};

/// A line without its echo, where there is a terminal.
std::string ReadSecret(const char* prompt) {
  const bool terminal = isatty(STDIN_FILENO) != 0;
  termios before{};
  if (terminal) {
    std::cerr << prompt << std::flush;
    tcgetattr(STDIN_FILENO, &before);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::cerr << '\n';
  }
  return line;
}

/// A terminal is asked twice, a pipe once; never an argument, which others on the machine can see.
std::string NewPassword() {
  const std::string password = ReadSecret("Initial password (12 characters or more): ");
  if (isatty(STDIN_FILENO) != 0 && ReadSecret("Once more: ") != password) {
    throw std::runtime_error("the two are not the same");
  }
  return password;
}

std::string AccountPath(const UserOptions& options, const char* what) {
  return "/api/v1/accounts/" + agent::EncodeUrlPart(options.id) + what;
}

json GrantBody(const UserOptions& options) {
  json body = {{"role", options.role}};
  if (!options.instrument.empty()) body["instrument"] = options.instrument;
  if (!options.until.empty()) body["until"] = options.until;
  if (!options.reason.empty()) body["reason"] = options.reason;
  return body;
}

void Add(const UserOptions& options) {
  Service service(options);
  const std::string password = options.system ? std::string() : NewPassword();
  service.Post(
      "/api/v1/accounts",
      {{"id", options.id}, {"name", options.name}, {"kind", options.system ? "system" : "person"}});
  if (!options.role.empty()) service.Post(AccountPath(options, "/roles"), GrantBody(options));
  if (!options.system) service.Post(AccountPath(options, "/password"), {{"password", password}});
}

void SetPassword(const UserOptions& options) {
  Service service(options);
  service.Post(AccountPath(options, "/password"), {{"password", NewPassword()}});
}

void Grant(const UserOptions& options) {
  Service(options).Post(AccountPath(options, "/roles"), GrantBody(options));
}

void Revoke(const UserOptions& options) {
  Service(options).Post(AccountPath(options, "/roles/revoke"), GrantBody(options));
}

void Close(const UserOptions& options) {
  Service(options).Post(AccountPath(options, "/close"), {{"reason", options.reason}});
}

void List(const UserOptions& options) {
  const json accounts = Service(options).Get("/api/v1/accounts");
  for (const json& account : accounts.at("items")) {
    std::string roles;
    for (const json& grant : account.at("roles")) {
      if (!grant.value("in_force", false)) continue;
      roles += (roles.empty() ? "" : ", ") + grant.value("role", "");
      if (grant.contains("instrument")) roles += " on " + grant.value("instrument", "");
      if (grant.contains("until")) roles += " until " + grant.value("until", "");
    }
    if (account.value("closed", false)) roles = "closed";
    std::printf("%-20s %-30s %s\n", account.value("id", "").c_str(),
                account.value("name", "").c_str(), roles.c_str());
  }
}

/// The subcommands, each with its options in `options`.
class Commands {
 public:
  Commands(CLI::App& app, UserOptions& options) : app_(app), options_(options) {
    AddAccounts();
    AddGrants();
  }

 private:
  using Run = void (*)(const UserOptions&);

  CLI::App* OfAccount(const char* name, const char* text, Run run) {
    CLI::App* command = app_.add_subcommand(name, text);
    command->callback([this, run] { run(options_); });
    command->add_option("ID", options_.id, "The account")->required();
    return command;
  }
  void AddScope(CLI::App* command) {
    command->add_option("--instrument", options_.instrument, "On this instrument only");
  }
  void AddUntil(CLI::App* command) {
    command->add_option("--until", options_.until, "When the role ends by itself, a UTC time");
  }

  void AddAccounts() {
    CLI::App* add = OfAccount("add", "Makes an account", Add);
    add->add_option("--name", options_.name, "The printed name")->required();
    add->add_option("--role", options_.role, "A role to begin with");
    AddScope(add);
    AddUntil(add);
    add->add_flag("--system", options_.system, "A program: it has tokens, no password");
    app_.add_subcommand("list", "Lists accounts and their roles")->callback([this] {
      List(options_);
    });
    OfAccount("passwd", "Sets an initial password", SetPassword);
    OfAccount("close", "Closes an account for good", Close)
        ->add_option("--reason", options_.reason, "Why")
        ->required();
  }
  void AddGrants() {
    CLI::App* grant = OfAccount("grant", "Grants a role", Grant);
    CLI::App* revoke = OfAccount("revoke", "Revokes a role", Revoke);
    for (CLI::App* command : {grant, revoke}) {
      command->add_option("ROLE", options_.role, "The role")->required();
      AddScope(command);
    }
    AddUntil(grant);
    grant->add_option("--reason", options_.reason, "Why");
    revoke->add_option("--reason", options_.reason, "Why")->required();
  }

  CLI::App& app_;
  UserOptions& options_;
};

}  // namespace

int RunUser(int argc, char** argv) {
  UserOptions options;
  CLI::App app("Accounts and their roles, through the running service.", "etalon user");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--service", options.service, "The service")->capture_default_str();
  app.add_option("--token-file", options.token_file,
                 "File of an administrator's token: admin.token of the data folder at first")
      ->required();
  const Commands commands(app, options);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "etalon user: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace monitor::cli
