#include "monitor/cli/measure_options.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "monitor/acquisition/length_unit.h"
#include "monitor/acquisition/printable.h"
#include "monitor/measurement/nearest.h"
#include "monitor/measurement/setup_keys.h"

namespace monitor::cli {
namespace {

using measurement::UsageError;

constexpr std::array<std::string_view, 13> kOptionNames = {
    "--json",     "--report", "--pictures", "--setup",  "--configuration-setup",
    "--set",      "--help",   "--quiet",    "--record", "--version",
    "--limit-mb", "--limit-s", "--converter"};

// Walks over the arguments; "--option value" and "--option=value" are the same.
class Arguments {
 public:
  Arguments(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) words_.emplace_back(argv[i]);
  }

  [[nodiscard]] bool AtEnd() const { return next_ >= words_.size(); }

  /// The next word, without its "=value" when it is an option.
  std::string Take() {
    value_.reset();
    std::string word = words_[next_++];
    const std::size_t equals = word.find('=');
    if (word.starts_with("--") && equals != std::string::npos) {
      value_ = word.substr(equals + 1);
      word.resize(equals);
    }
    return word;
  }

  /// The value of the option just taken.
  std::string Value(const std::string& option) {
    if (value_) return *value_;
    if (AtEnd()) throw UsageError(option + " needs a value");
    return words_[next_++];
  }

 private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
  std::optional<std::string> value_;
};

double Limit(const std::string& option, const std::string& text) {
  const std::optional<double> value = acquisition::PositiveNumber(text);
  if (!value || *value < 1.0 || *value > 1e6) {
    throw UsageError(option + " takes a number from 1 to 1000000, not '" +
                     acquisition::Printable(text) + "'");
  }
  return *value;
}

void RefuseOption(const std::string& option) {
  const std::string nearest = measurement::NearestWord(option, kOptionNames);
  throw UsageError("unknown option '" + acquisition::Printable(option) + "'" +
                   (nearest.empty() ? std::string() : "; did you mean '" + nearest + "'?"));
}

// Two values for one option: whichever were taken, the other would be lost silently.
void RefuseTwice(const std::string& option, std::set<std::string>& taken) {
  if (option == "--set" || taken.insert(option).second) return;
  throw UsageError("option '" + acquisition::Printable(option) + "' is given twice; give it once");
}

void TakeOption(const std::string& option, Arguments& arguments, MeasureOptions& options) {
  measurement::MeasurementRequest& request = options.request;
  if (option == "--json") {
    options.json_path = arguments.Value(option);
  } else if (option == "--report") {
    options.report_path = arguments.Value(option);
  } else if (option == "--pictures") {
    options.pictures_dir = arguments.Value(option);
  } else if (option == "--record") {
    options.record_path = arguments.Value(option);
  } else if (option == "--setup") {
    request.setup.setup = measurement::ReadSetupFile(arguments.Value(option));
  } else if (option == "--configuration-setup") {
    request.setup.configuration = measurement::ReadSetupFile(arguments.Value(option));
  } else if (option == "--set") {
    measurement::PutAssignment(arguments.Value(option), request.setup.option);
  } else if (option == "--converter") {
    request.converter = measurement::ParseConverter(arguments.Value(option));
  } else if (option == "--limit-mb") {
    request.limits.data_bytes = static_cast<std::uint64_t>(Limit(option, arguments.Value(option)))
                                << 20U;
  } else if (option == "--limit-s") {
    request.limits.wall_s = static_cast<int>(Limit(option, arguments.Value(option)));
    request.limits.cpu_s = request.limits.wall_s;
  } else if (option == "--quiet" || option == "-q") {
    options.quiet = true;
  } else if (option == "--help" || option == "-h") {
    options.help = true;
  } else {
    RefuseOption(option);
  }
}

// "psf, illumination and power": what this version measures.
std::string MeasuredNames(std::string_view between, std::string_view last) {
  std::vector<std::string_view> names;
  for (const std::string_view name : measurement::AnalysisNames()) {
    if (measurement::IsMeasuredHere(name)) names.push_back(name);
  }
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? last : between;
    text += names[i];
  }
  return text;
}

// Channels or series in files of their own; elsewhere a second file would be another measurement.
bool TakesSeveralFiles(std::string_view analysis) {
  return analysis == "illumination" || analysis == "coregistration" || analysis == "detector";
}

void CheckAnalysis(const std::string& name) {
  const auto known = measurement::AnalysisNames();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    const std::string nearest = measurement::NearestWord(name, known);
    throw UsageError("unknown analysis '" + acquisition::Printable(name) + "'" +
                     (nearest.empty() ? std::string() : "; did you mean '" + nearest + "'?"));
  }
  if (!measurement::IsMeasuredHere(name)) {
    throw UsageError("'" + name + "' is not measured yet: this version measures " +
                     MeasuredNames(", ", " and "));
  }
}

}  // namespace

MeasureOptions ParseMeasureOptions(int argc, char** argv) {
  MeasureOptions options;
  Arguments arguments(argc, argv);
  std::vector<std::string> words;
  std::set<std::string> taken;
  bool options_ended = false;
  while (!arguments.AtEnd()) {
    // Values of inputs carry "=": only options are cut at it.
    const std::string word = arguments.Take();
    if (!options_ended && word == "--") {
      options_ended = true;
    } else if (!options_ended && word.size() > 1 && word.starts_with('-')) {
      RefuseTwice(word, taken);
      TakeOption(word, arguments, options);
    } else {
      words.push_back(word);
    }
  }
  if (options.help) return options;
  if (words.empty()) {
    throw UsageError("name an analysis (" + MeasuredNames(", ", ", ") + ") and a file");
  }
  CheckAnalysis(words.front());
  options.request.analysis = words.front();
  if (words.size() < 2) throw UsageError("name a file to measure");
  for (std::size_t i = 1; i < words.size(); ++i) {
    options.request.inputs.push_back(measurement::ParseInput(words[i]));
  }
  if (!TakesSeveralFiles(options.request.analysis) && options.request.inputs.size() > 1) {
    throw UsageError(options.request.analysis + " takes one file; measure each on its own");
  }
  return options;
}

std::string MeasureHelp() {
  std::string help =
      "Usage: etalon measure ANALYSIS INPUT... [OPTION]...\n\n"
      "ANALYSIS  " +
      MeasuredNames(" | ", " | ") +
      "\n"
      "INPUT     FILE or FILE,key=value,... (keys that hold for this file only)\n\n"
      "  --json FILE|-          write the measurement document (also when nothing was measurable)\n"
      "  --report FILE.html     write one self-contained page for people\n"
      "  --pictures DIR         write the pictures\n"
      "  --record FILE          write what a live meter reads (power scpi://HOST:PORT,\n"
      "                         serial:///dev/..., usbtmc:///dev/...; duration_s=, interval_s=)\n"
      "  --set KEY=VALUE        state what the file does not say, or says wrongly\n"
      "  --setup FILE.toml      the same from a file\n"
      "  --configuration-setup FILE.toml\n"
      "                         what the configuration usually has; the file's word wins over it\n"
      "  --converter \"COMMAND {input} {output}\"\n"
      "                         a program that turns the file into OME-TIFF first\n"
      "  --limit-mb N, --limit-s N\n"
      "                         memory and time that reading and measuring may take\n"
      "  --quiet                no table and no progress bar\n\n"
      "Exit: 0 measured, 2 wrong usage, 3 unmeasurable, 4 input unreadable, 5 internal.\n\nKeys:";
  std::size_t column = 0;
  for (const measurement::SetupKey& key : measurement::SetupKeys()) {
    if (column == 0) help += "\n ";
    help.append(" ").append(key.name);
    column = (column + 1) % 5;
  }
  return help + "\n";
}

}  // namespace monitor::cli
