#include "sop/journal/verify.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "monitor/cli/commands.h"
#include "monitor/cli/verify_blobs.h"
#include "sop/store/store.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;
using sop::journal::VerifyAgainst;
using sop::journal::VerifyResult;

constexpr std::int64_t kBatch = 1000;
constexpr std::uintmax_t kLargestNote = 64 * 1024;
constexpr int kWhole = 0;
constexpr int kBroken = 1;
constexpr int kUsage = 2;
constexpr int kUnanchored = 3;

struct VerifyOptions {
  std::string data = ".";
  std::vector<std::string> checkpoints;
  std::string log_key;
  bool all_blobs = false;
};

/// A small file from outside, or a sentence that says why not.
std::string ReadSmall(const std::string& path) {
  std::error_code error;
  if (fs::file_size(path, error) > kLargestNote || error) {
    throw std::runtime_error("Cannot read " + path + " as a checkpoint; check the path.");
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The key is given as its text or as a file that holds it.
std::string LogKey(const std::string& given) {
  std::error_code error;
  std::string key = fs::is_regular_file(given, error) ? ReadSmall(given) : given;
  while (!key.empty() && (key.back() == '\n' || key.back() == ' ')) key.pop_back();
  return key;
}

/// What the log says of its own key in its first event: enough to see whether it agrees with
/// itself. Only a key or checkpoint from outside tells it from a copy that was signed anew.
std::string KeyOfFirstEvent(const sop::store::Reader& reader) {
  const auto row = reader.Event(0);
  if (!row) return {};
  try {
    return sop::journal::ParseEvent(row->line).body.value("verifier_key", "");
  } catch (const std::exception&) {
    return {};  // the verifier names the damage
  }
}

sop::journal::Digest FromHex(const std::string& hex) {
  sop::journal::Digest digest{};
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
  };
  for (std::size_t i = 0; i < digest.size() && 2 * i + 1 < hex.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(value(hex[2 * i]) * 16 + value(hex[2 * i + 1]));
  }
  return digest;
}

VerifyAgainst Against(const VerifyOptions& options, const sop::store::Reader& reader) {
  VerifyAgainst against;
  against.verifier_key =
      options.log_key.empty() ? KeyOfFirstEvent(reader) : LogKey(options.log_key);
  if (const auto last = reader.LastCheckpoint()) against.checkpoint = last->note;
  std::int64_t after = 0;
  for (;;) {
    const auto rows = reader.Checkpoints(after, kBatch);
    for (const auto& row : rows) against.history.push_back(row.note);
    if (rows.empty()) break;
    after = rows.back().tree_size;
  }
  for (const std::string& file : options.checkpoints) against.anchors.push_back(ReadSmall(file));
  return against;
}

VerifyResult Check(const VerifyOptions& options, const sop::store::Reader& reader,
                   BlobCheck& blobs) {
  sop::journal::JournalVerifier verifier(Against(options, reader));
  std::int64_t from = 0;
  for (;;) {
    const auto rows = reader.Events(from, kBatch);
    for (const auto& row : rows) {
      verifier.Add({.index = static_cast<std::uint64_t>(row.idx),
                    .line = row.line,
                    .leaf_hash = FromHex(row.leaf_hash)});
      blobs.Note(row.idx, row.line);
    }
    if (rows.empty()) break;
    from = rows.back().idx + 1;
  }
  return verifier.Finish();
}

constexpr std::size_t kFindingsShown = 20;

void ReportBlobs(const BlobCheck::Result& blobs) {
  for (std::size_t i = 0; i < blobs.findings.size() && i < kFindingsShown; ++i) {
    std::cout << "BROKEN " << blobs.findings[i] << '\n';
  }
  if (blobs.findings.size() > kFindingsShown) {
    std::cout << "BROKEN " << blobs.findings.size() - kFindingsShown << " more files alike\n";
  }
  if (!blobs.summary.empty()) std::cout << blobs.summary << '\n';
}

int Report(const VerifyResult& result, const BlobCheck::Result& blobs) {
  std::cout << result.rows << " events, root " << sop::journal::ToHex(result.root) << '\n';
  ReportBlobs(blobs);
  if (!result.whole() || !blobs.findings.empty()) {
    for (const auto& issue : result.issues) {
      std::cout << "BROKEN " << sop::journal::Name(issue.finding);
      if (issue.index) std::cout << " at event " << *issue.index;
      std::cout << ": " << issue.text << '\n';
    }
    return kBroken;
  }
  if (!result.anchored_up_to) {
    std::cout << "CONSISTENT in itself, but not anchored: give a checkpoint that was kept outside "
                 "the record (--checkpoint FILE) to see that nothing was cut or rewritten.\n";
    return kUnanchored;
  }
  std::cout << "VALID and anchored: the first " << *result.anchored_up_to
            << " events are those of the given checkpoint.\n";
  return kWhole;
}

int Verify(const VerifyOptions& options) {
  const fs::path file = fs::is_directory(options.data) ? fs::path(options.data) / "etalon.db"
                                                       : fs::path(options.data);
  if (!fs::exists(file)) {
    std::cerr << "etalon verify: " << options.data << " holds no record (etalon.db is missing).\n";
    return kBroken;
  }
  const sop::store::Store store(file.string(), sop::store::Access::kReadOnly);
  BlobCheck blobs;
  const VerifyResult result = Check(options, *store.Read(), blobs);
  return Report(result, blobs.Check(file.parent_path() / "blobs", options.all_blobs));
}

}  // namespace

int RunVerify(int argc, char** argv) {
  VerifyOptions options;
  CLI::App app("Checks a record or backup: 0 valid and anchored, 3 consistent, 1 broken.",
               "etalon verify");
  app.add_option("data", options.data, "Folder of the record")->capture_default_str();
  app.add_option("--checkpoint", options.checkpoints, "A checkpoint kept outside the record")
      ->allow_extra_args(false);
  app.add_option("--log-key", options.log_key, "The log's public key, as text or file");
  app.add_flag("--all-blobs", options.all_blobs, "Read every raw file and picture, not a sample");
  try {
    app.parse(argc, argv);
    return Verify(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kWhole : kUsage;
  } catch (const std::exception& error) {
    std::cout << "BROKEN unreadable: " << error.what() << '\n';
    return kBroken;
  }
}

}  // namespace monitor::cli
