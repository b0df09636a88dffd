#include "monitor/cli/demo_seed.h"

#include <atomic>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "monitor/agent/durable_file.h"
#include "monitor/agent/measuring.h"
#include "monitor/agent/submission.h"
#include "monitor/service/agent_register.h"
#include "monitor/service/blobs.h"
#include "monitor/service/people.h"
#include "monitor/service/record.h"
#include "monitor/service/time_text.h"
#include "monitor/simulation/demo_files.h"
#include "monitor/simulation/demo_year.h"

namespace monitor::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using service::QualityRecord;
using simulation::PlannedCheck;

constexpr int kMeasuringThreads = 2;
constexpr const char* kAgent = "demo-agent";

/// The agent of the year, which the live one goes on with.
struct DemoAgent {
  agent::AgentConfig config;
  std::optional<measurement::AgentSigner> signer;
  std::string token;
};

DemoAgent EnrolDemoAgent(QualityRecord& record) {
  DemoAgent demo;
  demo.config.name = kAgent;
  demo.signer = measurement::AgentSigner{kAgent, sop::journal::GenerateSigningKey()};
  const json opened = record.OpenEnrolment(
      {{"agent", kAgent}, {"instruments", {"lsm-1", "sd-1", "wf-1"}}}, "admin");
  demo.token = record
                   .EnrolAgent({{"code", opened.at("code")},
                                {"public_key", sop::journal::PublicKeyOf(demo.signer->key)}})
                   .at("token");
  return demo;
}

/// A measured check, complete in its work folder: submission.json, blobs/.
struct Finished {
  json submission;
  json document;
  fs::path work_folder;
};

/// Time as the demonstration record sees it: the day of each check.
class DemoClock {
 public:
  void Set(std::chrono::sys_seconds at) { seconds_ = at.time_since_epoch().count(); }
  [[nodiscard]] std::chrono::sys_time<std::chrono::milliseconds> Now() const {
    return std::chrono::sys_seconds(std::chrono::seconds(seconds_));
  }

 private:
  std::atomic<std::int64_t> seconds_{0};
};

/// Settings of each configuration, as the agent would have them from the register.
using Setups = std::map<std::string, json>;

Setups SetupsOf(const QualityRecord& record) {
  Setups setups;
  const json fleet = record.Instruments({});
  for (const json& item : fleet.at("items")) {
    const json instrument = record.Instrument(item.at("id").get<std::string>(), {});
    for (const json& configuration : instrument.at("configurations")) {
      setups[configuration.at("subject").get<std::string>()] = configuration.at("setup");
    }
  }
  return setups;
}

Finished MeasureCheck(const DemoAgent& demo, const PlannedCheck& check, const json& setup,
                      const fs::path& etalon, const fs::path& work_folder) {
  fs::create_directories(work_folder / "blobs");
  const fs::path image = work_folder / check.file_name;
  simulation::RenderCheck(check, image);
  agent::Watch watch;
  watch.instrument = check.instrument;
  watch.rules = {{.glob = "*",
                  .configuration = check.configuration,
                  .procedure = check.procedure,
                  .purpose = check.purpose,
                  .performer = check.performer,
                  .set = {},
                  .match = {}}};
  agent::MeasuringJob job;
  job.program = etalon.string();
  job.instructions = {.analysis = check.analysis, .setup = setup};
  job.rule = &watch.rules[0];
  job.input = image;
  job.name = check.file_name;
  job.digest = agent::DigestAndCopy(image, {});
  job.work_folder = work_folder;
  const auto outcome = agent::MeasureInChild(job, "", [] { return false; });
  const auto& measured = std::get<agent::MeasuredFile>(outcome);
  fs::rename(image, work_folder / "blobs" / job.digest.sha256);
  (void)agent::WriteSubmission({demo.config, demo.signer}, {&watch, &watch.rules[0]}, measured,
                               job.digest, work_folder);
  const std::string text = agent::ReadFile(work_folder / "submission.json", 64u << 20);
  return {json::parse(text), measured.document, work_folder};
}

/// Measures all checks on a few threads and hands them on in order.
void MeasureInOrder(const DemoAgent& demo, const std::vector<PlannedCheck>& checks,
                    const Setups& setups, const fs::path& etalon, const fs::path& dir,
                    const std::function<void(const PlannedCheck&, Finished)>& take) {
  std::vector<std::promise<Finished>> promises(checks.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < checks.size(); i = next++) {
      try {
        const json& setup = setups.at(checks[i].instrument + "/" + checks[i].configuration);
        promises[i].set_value(
            MeasureCheck(demo, checks[i], setup, etalon, dir / ("check-" + std::to_string(i))));
      } catch (...) {
        promises[i].set_exception(std::current_exception());
      }
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < kMeasuringThreads; ++i) threads.emplace_back(work);
  for (std::size_t i = 0; i < checks.size(); ++i) take(checks[i], promises[i].get_future().get());
}

void KeepBlobs(const Finished& finished, const service::BlobStore& blobs) {
  for (const auto& entry : fs::directory_iterator(finished.work_folder / "blobs")) {
    service::BlobStore::Upload upload = blobs.Begin(entry.path().filename().string());
    upload.Write(agent::ReadFile(entry.path(), 256u << 20));
    if (!upload.Commit()) throw std::runtime_error("a picture changed while it was stored");
  }
}

/// Values of the limited quantities of every run of a repeat study, as its record wants them.
class RepeatStudy {
 public:
  void Take(const PlannedCheck& check, const json& document) {
    for (const json& quantity : document.at("quantities")) {
      const std::string id = quantity.at("id").get<std::string>();
      if (!id.starts_with("psf.fwhm") || !quantity.contains("u")) continue;
      const std::string definition = quantity.at("definition").get<std::string>();
      const std::string of = quantity.value("of", json::object()).dump();
      json& row = rows_[id + definition + of];
      if (row.is_null()) row = {{"quantity", id}, {"definition", definition}, {"repeats", {}}};
      if (quantity.contains("of")) row["of"] = quantity["of"];
      row["repeats"].push_back({{"value", quantity.at("value")},
                                {"u_estimate", quantity.at("u")},
                                {"performer", check.performer},
                                {"day", DayOf(check)}});
    }
  }

  [[nodiscard]] json Body(const PlannedCheck& check) const {
    json values = json::array();
    // One row a quantity and definition: a comparator only divides by a constant, so that the
    // relative spread is the same.
    std::map<std::string, bool> seen;
    for (const auto& [key, row] : rows_) {
      json own = row;
      own.erase("of");
      const std::string name = own["quantity"].get<std::string>() + own["definition"].dump();
      if (seen.emplace(name, true).second) values.push_back(own);
    }
    return {{"instrument", check.instrument},
            {"configuration", check.configuration},
            {"procedure", check.procedure},
            {"values", values}};
  }

 private:
  static std::string DayOf(const PlannedCheck& check) {
    const std::chrono::year_month_day date(
        std::chrono::floor<std::chrono::days>(check.acquired_at));
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return text.data();
  }
  std::map<std::string, json> rows_;
};

json ScaleRecord(const PlannedCheck& check, std::chrono::sys_seconds now) {
  const std::chrono::year_month_day until(
      std::chrono::floor<std::chrono::days>(now + std::chrono::days(200)));
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(until.year()),
                static_cast<unsigned>(until.month()), static_cast<unsigned>(until.day()));
  return {{"instrument", check.instrument},
          {"configuration", check.configuration},
          {"relative_u", 0.004},
          {"certificate", "simulated stage micrometer, no traceability"},
          {"valid_until", std::string(text.data())}};
}

/// What passed with a warning is looked at and signed off, as staff do; failures stay open.
void ReviewWhatPassed(const json& receipt, QualityRecord& record) {
  const json& key = receipt.at("key");
  if (receipt.at("outcome") != "pass") return;
  if (record.Measurement(key.get<std::string>(), {}).at("review") != "pending") return;
  record.Command("measurement_reviewed", {{"measurement", key}, {"meaning", "reviewed"}}, "ana");
}

/// Three people of different roles; the auditor's ends by itself.
std::vector<DemoPerson> MakePeople(QualityRecord& record, std::chrono::sys_seconds now) {
  const std::vector<DemoPerson> people = {
      {"ana", "Ana Sousa", "quality_manager", "etalon demo ana"},
      {"bruno", "Bruno Lopes", "operator", "etalon demo bruno"},
      {"carla", "Carla Dias", "auditor", "etalon demo carla"}};
  for (const DemoPerson& person : people) {
    record.Command("account_created", {{"id", person.account}, {"name", person.name}}, "admin");
    json grant = {{"account", person.account}, {"role", person.role}};
    if (person.role == "auditor") {
      grant["until"] = service::TimeText(now + std::chrono::days(30));
    }
    record.Command("role_granted", grant, "admin");
    record.people().SetPassword(person.account, person.password, person.account);
  }
  return people;
}

void WriteFacilityFiles(const fs::path& dir, std::chrono::sys_seconds now) {
  for (const auto& [name, text] : simulation::DemoFiles(simulation::DemoStart(now))) {
    fs::create_directories((dir / name).parent_path());
    agent::WriteFileDurably(dir / name, text);
  }
}

}  // namespace

SeededFacility SeedDemoYear(const fs::path& dir, const fs::path& etalon,
                            std::chrono::sys_seconds now,
                            const std::function<void(int, int)>& progress) {
  WriteFacilityFiles(dir, now);
  const auto clock = std::make_shared<DemoClock>();
  clock->Set(simulation::DemoStart(now) - std::chrono::days(14));
  SeededFacility seeded{
      .data_dir = dir / "data", .admin_token = {}, .agent_token = {}, .agent_key = {}};
  QualityRecord record({.data_dir = seeded.data_dir.string(),
                        .log_origin = "demo/etalon",
                        .clock = [clock] { return clock->Now(); }});
  const service::BlobStore blobs(seeded.data_dir / "blobs");
  record.people().SeedRoles();
  record.ApplyFacility(agent::ReadFile(dir / "facility.toml", 1u << 20), dir.string(), "admin");
  const Setups setups = SetupsOf(record);
  const DemoAgent demo = EnrolDemoAgent(record);

  std::vector<PlannedCheck> checks;
  const std::vector<PlannedCheck> year = simulation::PlanDemoYear(now);
  for (const char* instrument : {"lsm-1", "sd-1", "wf-1"}) {
    const auto study = simulation::PlanRepeatStudy(instrument, now);
    checks.insert(checks.end(), study.begin(), study.end());
  }
  const std::size_t studied = checks.size();
  checks.insert(checks.end(), year.begin(), year.end());

  std::map<std::string, RepeatStudy> studies;
  std::size_t done = 0;
  MeasureInOrder(
      demo, checks, setups, etalon, dir / "work",
      [&](const PlannedCheck& check, const Finished& finished) {
        progress(static_cast<int>(++done), static_cast<int>(checks.size()));
        if (done <= studied) {
          studies[check.instrument].Take(check, finished.document);
          const bool is_last = done == studied || checks[done].instrument != check.instrument;
          if (is_last) {
            record.Command("repeat_study_recorded", studies[check.instrument].Body(check), "ana");
            record.Command("scale_recorded", ScaleRecord(check, now), "ana");
          }
        } else {
          clock->Set(check.acquired_at + std::chrono::minutes(6));
          KeepBlobs(finished, blobs);
          ReviewWhatPassed(record.Submit(finished.submission, service::AgentSubject(kAgent)),
                           record);
          ++seeded.measurements;
        }
        fs::remove_all(finished.work_folder);
      });
  seeded.people = MakePeople(record, now);
  seeded.admin_token = record.IssueToken("admin", "admin");
  seeded.agent_token = demo.token;
  seeded.agent_key = sop::journal::EncodeSigningKey(demo.signer->key);
  return seeded;
}

}  // namespace monitor::cli
