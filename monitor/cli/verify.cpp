#include "sop/journal/verify.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "monitor/cli/commands.h"
#include "monitor/cli/verify_anchors.h"
#include "monitor/cli/verify_blobs.h"
#include "monitor/cli/verify_read_tables.h"
#include "monitor/cli/verify_signatures.h"
#include "monitor/service/journal_tiles.h"
#include "sop/journal/commitment.h"
#include "sop/journal/signed_note.h"
#include "sop/store/store.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;
using sop::journal::JournalSource;
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
  std::string database;
  std::string tsa_ca;
  bool all_blobs = false;
};

/// What was given cannot be used: that says nothing about the record.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A small file from outside.
std::string ReadSmall(const std::string& path) {
  std::error_code error;
  if (fs::file_size(path, error) > kLargestNote || error) {
    throw UsageError("cannot read " + path + " as a checkpoint or key; check the path");
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The key is given as its text or as a file that holds it.
std::string LogKey(const std::string& given) {
  if (given.empty()) return {};
  std::error_code error;
  std::string key = fs::is_regular_file(given, error) ? ReadSmall(given) : given;
  while (!key.empty() && (key.back() == '\n' || key.back() == ' ')) key.pop_back();
  if (!sop::journal::DecodeVerifier(key)) {
    throw UsageError("--log-key takes NAME+HASH+KEY, the log's public key, or a file with it");
  }
  return key;
}

JournalSource SourceOf(const sop::store::Reader& reader) {
  JournalSource source;
  source.events = [&reader](std::uint64_t from) {
    std::vector<sop::journal::StoredEvent> page;
    for (auto& row : reader.Events(static_cast<std::int64_t>(from), kBatch)) {
      page.push_back({static_cast<std::uint64_t>(row.idx), std::move(row.line),
                      std::move(row.leaf_hash), row.recorded_ms});
    }
    return page;
  };
  source.checkpoints = [&reader](std::uint64_t after) {
    std::vector<sop::journal::StoredCheckpoint> page;
    for (auto& row : reader.Checkpoints(static_cast<std::int64_t>(after), kBatch)) {
      page.push_back({static_cast<std::uint64_t>(row.tree_size), std::move(row.note)});
    }
    return page;
  };
  source.tiles = service::TilesOf(reader);
  source.event_count = static_cast<std::uint64_t>(reader.EventRows());
  source.tile_count = static_cast<std::uint64_t>(reader.TileCount());
  return source;
}

/// One line on stderr that counts up, where somebody is watching.
class Progress {
 public:
  explicit Progress(std::int64_t total) : total_(total), shown_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (shown_) std::cerr << "\r\033[K" << std::flush;
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Done(std::uint64_t events) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    std::cerr << "\r" << events << " of " << total_ << " events" << std::flush;
  }

 private:
  std::int64_t total_;
  bool shown_;
  std::chrono::steady_clock::time_point last_;
};

struct Findings {
  VerifyResult journal;
  BlobCheck::Result blobs;
  std::vector<std::string> openings, tables;
  AnchorCheck::Result stamps;
  SignatureCheck::Result signatures;
  [[nodiscard]] bool whole() const {
    return journal.whole() && blobs.findings.empty() && openings.empty() && tables.empty() &&
           stamps.findings.empty() && signatures.findings.empty();
  }
};

/// What still opens an event's commitments must give them.
void CheckOpenings(const sop::store::Reader& reader, const sop::journal::StoredEvent& row,
                   std::vector<std::string>& findings) {
  if (row.line.find("\"commitment\":\"") == std::string::npos) return;
  for (const auto& opening : reader.OpeningsOf(static_cast<std::int64_t>(row.index))) {
    if (findings.size() == BlobCheck::kShown) return;
    if (sop::journal::Opens({opening.commitment, opening.salt, opening.value})) continue;
    findings.push_back("opening_altered at event " + std::to_string(row.index) +
                       ": a value that may be erased is not the one that was recorded.");
  }
}

Findings Check(const VerifyOptions& options, const sop::store::Reader& reader,
               const fs::path& blob_folder) {
  BlobCheck blobs(blob_folder, options.all_blobs);
  ReadTableCheck tables;
  SignatureCheck signatures;
  std::vector<std::string> openings;
  AnchorCheck stamps(reader, options.tsa_ca);
  Progress progress(reader.EventCount());
  VerifyAgainst against;
  against.log_key = LogKey(options.log_key);
  for (const std::string& file : options.checkpoints) against.anchors.push_back(ReadSmall(file));
  against.each = [&](const sop::journal::StoredEvent& row, const sop::journal::Event* event) {
    progress.Done(row.index);
    if (event == nullptr) return;
    blobs.Note(static_cast<std::int64_t>(row.index), *event);
    CheckOpenings(reader, row, openings);
    tables.Add(row, *event);
    stamps.Add(row.index, *event);
    signatures.Note(static_cast<std::int64_t>(row.index), *event);
  };
  Findings findings{sop::journal::VerifyJournal(SourceOf(reader), against), {}, {}, {}, {}, {}};
  findings.openings = std::move(openings);
  findings.blobs = blobs.Finish();
  findings.stamps = stamps.result();
  // A stamp that holds was given by somebody outside the record.
  if (const auto& stamp = findings.stamps.verified) {
    findings.journal.anchored_up_to =
        std::max(findings.journal.anchored_up_to.value_or(0), stamp->events);
  }
  // Tables made from a broken journal would tell of the journal's break once more, and so would
  // the signatures in it.
  if (findings.journal.whole()) {
    findings.tables = tables.Compare(reader);
    findings.signatures = signatures.Finish();
  }
  return findings;
}

void ReportSignatures(const SignatureCheck::Result& signatures) {
  for (const std::string& finding : signatures.findings) std::cout << "BROKEN " << finding << '\n';
  if (signatures.unnamed > 0) {
    std::cout << "BROKEN " << signatures.unnamed << " more signatures alike\n";
  }
  if (!signatures.summary.empty()) std::cout << signatures.summary << '\n';
}

void ReportBlobs(const BlobCheck::Result& blobs) {
  for (const std::string& finding : blobs.findings) std::cout << "BROKEN " << finding << '\n';
  if (blobs.unnamed > 0) std::cout << "BROKEN " << blobs.unnamed << " more files alike\n";
  if (!blobs.summary.empty()) std::cout << blobs.summary << '\n';
}

/// "event 41 (2026-11-22T10:00:00.123Z)"
std::string Moment(const sop::store::Reader& reader, std::uint64_t index) {
  const auto row = reader.Event(static_cast<std::int64_t>(index));
  if (!row) return "event " + std::to_string(index);
  const sop::journal::EventTime time{std::chrono::milliseconds(row->recorded_ms)};
  return "event " + std::to_string(index) + " (" + sop::journal::FormatEventTime(time) + ")";
}

void ReportStamps(const AnchorCheck::Result& stamps) {
  for (const std::string& finding : stamps.findings) std::cout << "BROKEN " << finding << '\n';
  if (stamps.verified) {
    std::cout << "anchored up to event " << stamps.verified->events - 1 << " at "
              << stamps.verified->time << " by " << stamps.verified->authority << '\n';
  } else if (stamps.unchecked > 0) {
    std::cout << stamps.unchecked
              << " time stamps are kept; --tsa-ca FILE, the authority's root, checks them\n";
  }
}

void ReportAnchors(const VerifyResult& journal, const sop::store::Reader& reader) {
  const std::uint64_t anchored = journal.anchored_up_to.value_or(0);
  std::cout << "anchored up to " << (anchored > 0 ? Moment(reader, anchored - 1) : "nothing")
            << ", unanchored since "
            << (anchored < journal.rows ? Moment(reader, anchored) : "nothing") << '\n';
  if (journal.lost_with_restore) {
    std::cout << "a restore that the record states lost events: a given checkpoint of "
              << *journal.lost_with_restore << " events is of the log epoch before it\n";
  }
}

int Report(const Findings& findings, const sop::store::Reader& reader) {
  const VerifyResult& journal = findings.journal;
  std::cout << journal.rows << " events, root " << sop::journal::ToHex(journal.root) << '\n';
  ReportBlobs(findings.blobs);
  ReportStamps(findings.stamps);
  ReportSignatures(findings.signatures);
  ReportAnchors(journal, reader);
  for (const auto& issue : journal.issues) {
    std::cout << "BROKEN " << sop::journal::Name(issue.finding);
    if (issue.index) std::cout << " at event " << *issue.index;
    std::cout << ": " << issue.text << '\n';
  }
  for (const std::string& opening : findings.openings) std::cout << "BROKEN " << opening << '\n';
  for (const std::string& table : findings.tables) std::cout << "BROKEN " << table << '\n';
  if (!findings.whole()) return kBroken;
  if (!journal.anchored_up_to) {
    std::cout << "CONSISTENT in itself, but not anchored: give a checkpoint that was kept outside "
                 "the record (--checkpoint FILE) to see that nothing was cut or rewritten.\n";
    return kUnanchored;
  }
  std::cout << "VALID and anchored: the first " << *journal.anchored_up_to
            << " events are those of the given checkpoint or time stamp.\n";
  return kWhole;
}

int Verify(const VerifyOptions& options) {
  const fs::path file = fs::is_directory(options.data) ? fs::path(options.data) / "etalon.db"
                                                       : fs::path(options.data);
  if (options.database.empty() && !fs::exists(file)) {
    std::cerr << "etalon verify: " << options.data << " holds no record (etalon.db is missing).\n";
    return kBroken;
  }
  const sop::store::Store store(options.database.empty() ? file.string() : options.database,
                                sop::store::Access::kReadOnly);
  const auto reader = store.Read();
  return Report(Check(options, *reader, file.parent_path() / "blobs"), *reader);
}

int Usage(const std::exception& error) {
  std::cerr << "etalon verify: " << error.what() << ".\n";
  return kUsage;
}

}  // namespace

int RunVerify(int argc, char** argv) {
  VerifyOptions options;
  CLI::App app("Checks a record or backup: 0 valid and anchored, 3 consistent, 1 broken.",
               "etalon verify");
  app.add_option("data", options.data, "Folder of the record")->capture_default_str();
  app.add_option("--checkpoint", options.checkpoints, "A checkpoint kept outside the record")
      ->allow_extra_args(false);
  app.add_option("--database", options.database,
                 "postgresql://USER@HOST/NAME of the journal; else etalon.db in the folder");
  app.add_option("--log-key", options.log_key, "The log's public key, as text or file");
  app.add_option("--tsa-ca", options.tsa_ca,
                 "PEM file with the root of the timestamp authority: checks the kept time stamps")
      ->check(CLI::ExistingFile);
  app.add_flag("--all-blobs", options.all_blobs, "Read every raw file and picture, not a sample");
  try {
    app.parse(argc, argv);
    return Verify(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kWhole : kUsage;
  } catch (const UsageError& error) {
    return Usage(error);
  } catch (const std::invalid_argument& error) {  // a given checkpoint is none of this log
    return Usage(error);
  } catch (const std::exception& error) {
    std::cout << "BROKEN unreadable: " << error.what() << '\n';
    return kBroken;
  }
}

}  // namespace monitor::cli
