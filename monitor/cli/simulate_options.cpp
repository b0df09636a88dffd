#include "monitor/cli/simulate_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <vector>

#include "monitor/acquisition/printable.h"
#include "monitor/measurement/nearest.h"
#include "monitor/measurement/setup.h"

namespace monitor::cli {
namespace {

using measurement::UsageError;

constexpr std::array<std::string_view, 5> kOptionNames = {"--output", "--truth", "--set", "--seed",
                                                          "--help"};

std::string Quoted(std::string_view text) {
  return "'" + acquisition::Printable(text.substr(0, 80)) + "'";
}

std::string Hint(std::string_view word, std::span<const std::string_view> known) {
  const std::string nearest = measurement::NearestWord(word, known);
  return nearest.empty() ? std::string() : "; did you mean '" + nearest + "'?";
}

const simulation::Scenario& ScenarioNamed(std::string_view name) {
  std::vector<std::string_view> names;
  for (const simulation::Scenario& scenario : simulation::Scenarios()) {
    if (scenario.name == name) return scenario;
    names.push_back(scenario.name);
  }
  throw UsageError("unknown kind " + Quoted(name) + Hint(name, names));
}

void PutAssignment(std::string_view assignment, std::set<std::string>& taken,
                   SimulateOptions& options) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) throw UsageError(Quoted(assignment) + " is no key=value");
  const std::string_view name = assignment.substr(0, equals);
  std::vector<std::string_view> names;
  for (const simulation::ScenarioKey& key : options.scenario->keys) names.push_back(key.name);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw UsageError("unknown key " + Quoted(name) + " of " + std::string(options.scenario->name) +
                     Hint(name, names));
  }
  if (!taken.insert("key " + std::string(name)).second) {
    throw UsageError("key " + Quoted(name) + " is set twice; set it once");
  }
  try {
    options.settings.Put(name, assignment.substr(equals + 1));
  } catch (const simulation::ScenarioError& error) {
    throw UsageError(acquisition::Printable(error.what()));
  }
}

std::uint64_t Seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError("--seed takes a whole number of at least 0, not " + Quoted(text));
  }
  return seed;
}

/// One word of the command line, cut at "=" where it is a long option.
struct Word {
  std::string name;
  std::string value;
  bool has_value = false;
};

Word Cut(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (!text.starts_with("--") || equals == std::string::npos) return {text, "", false};
  return {text.substr(0, equals), text.substr(equals + 1), true};
}

void TakeOption(const Word& word, std::set<std::string>& taken,
                std::vector<std::string>& assignments, SimulateOptions& options) {
  if (word.name != "--set" && !taken.insert(word.name).second) {
    throw UsageError("option '" + word.name + "' is given twice; give it once");
  }
  if (word.name == "--output") {
    options.output = word.value;
  } else if (word.name == "--truth") {
    options.truth = word.value;
  } else if (word.name == "--seed") {
    options.seed = Seed(word.value);
  } else {
    assignments.push_back(word.value);
  }
}

/// Kind and options in any order; the assignments are kept until the kind is known.
std::vector<std::string> TakeWords(const std::vector<std::string>& words,
                                   std::set<std::string>& taken, SimulateOptions& options) {
  std::vector<std::string> assignments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    Word word = Cut(words[i]);
    if (word.name == "--help" || word.name == "-h") {
      options.help = true;
      continue;
    }
    if (word.name == "-o") word.name = "--output";
    if (!word.name.starts_with('-')) {
      if (options.scenario != nullptr) {
        throw UsageError("one kind at a time, not also " + Quoted(word.name));
      }
      options.scenario = &ScenarioNamed(word.name);
      continue;
    }
    if (std::find(kOptionNames.begin(), kOptionNames.end(), word.name) == kOptionNames.end()) {
      throw UsageError("unknown option " + Quoted(word.name) + Hint(word.name, kOptionNames));
    }
    if (!word.has_value) {
      if (++i == words.size()) throw UsageError(word.name + " needs a value");
      word.value = words[i];
    }
    TakeOption(word, taken, assignments, options);
  }
  return assignments;
}

std::string Padded(std::string_view text, std::size_t width) {
  std::string padded(text);
  padded.resize(std::max(width, padded.size() + 1), ' ');
  return padded;
}

}  // namespace

SimulateOptions ParseSimulateOptions(int argc, char** argv) {
  SimulateOptions options;
  std::set<std::string> taken;
  const auto assignments =
      TakeWords(std::vector<std::string>(argv + 1, argv + argc), taken, options);
  if (options.help) return options;
  if (options.scenario == nullptr) {
    std::string names;
    for (const auto& scenario : simulation::Scenarios()) {
      names.append(names.empty() ? "" : ", ").append(scenario.name);
    }
    throw UsageError("name a kind (" + names + ")");
  }
  options.settings = simulation::ScenarioSettings(options.scenario->keys);
  for (const std::string& assignment : assignments) PutAssignment(assignment, taken, options);
  if (options.output.empty()) throw UsageError("name the file to write: --output FILE");
  if (options.truth.empty()) options.truth = options.output + ".truth.json";
  return options;
}

std::string SimulateHelp(const simulation::Scenario* scenario) {
  std::string help =
      "Usage: etalon simulate KIND --output FILE [--truth FILE.json|-] [--set KEY=VALUE]... "
      "[--seed N]\n\n";
  if (scenario != nullptr) {
    help.append(scenario->name).append(": ").append(scenario->summary);
    help.append("\n\nExample: etalon simulate ").append(scenario->example).append("\n\nKeys:\n");
    for (const simulation::ScenarioKey& key : scenario->keys) {
      help.append("  ").append(Padded(key.name, 20)).append(Padded(key.standard, 12));
      help.append(key.help);
      if (!key.words.empty()) help.append(" (").append(key.words).append(")");
      help.append("\n");
    }
    return help;
  }
  help +=
      "Writes a calibration record made from physics, with the metadata of a real one, and beside\n"
      "it the truth that a measurement of it should find. The same seed gives the same bytes.\n\n"
      "KIND\n";
  for (const simulation::Scenario& each : simulation::Scenarios()) {
    help.append("  ").append(Padded(each.name, 16)).append(each.summary).append("\n");
    help.append("                  etalon simulate ").append(each.example).append("\n");
  }
  help +=
      "\n  --output FILE     the image or log to write; a kind of several files writes the others\n"
      "                    beside it\n"
      "  --truth FILE|-    the truth as JSON (etalon.truth/1), with the words for etalon measure\n"
      "                    (OUTPUT.truth.json)\n"
      "  --set KEY=VALUE   one setting; etalon simulate KIND --help lists them\n"
      "  --seed N          another draw of places and noise (1)\n\n"
      "Exit: 0 written, 2 wrong usage, 1 failed.\n";
  return help;
}

}  // namespace monitor::cli
