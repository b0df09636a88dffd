#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "monitor/cli/commands.h"
#include "monitor/service/record.h"

namespace monitor::cli {
namespace {

/// The read tables are a projection: built again from the journal they must be the same bytes.
int Rebuild(const std::string& data, const std::string& database) {
  if (database.empty() && !std::filesystem::exists(std::filesystem::path(data) / "etalon.db")) {
    std::cerr << "etalon rebuild: " << data << " holds no record (etalon.db is missing).\n";
    return 1;
  }
  service::QualityRecord record({.data_dir = data,
                                 .log_origin = {},
                                 .clock =
                                     [] {
                                       return std::chrono::floor<std::chrono::milliseconds>(
                                           std::chrono::system_clock::now());
                                     },
                                 .database = database});
  const std::string before = record.DumpDigest();
  const std::string after = record.Rebuild();
  std::cout << "before " << before << "\nafter  " << after << '\n';
  if (before == after) return 0;
  std::cerr << "etalon rebuild: the read tables were not those of the journal; they are now.\n";
  return 1;
}

}  // namespace

int RunRebuild(int argc, char** argv) {
  std::string data;
  std::string database;
  CLI::App app("Builds the read tables again from the journal and compares.", "etalon rebuild");
  app.add_option("--data", data, "Folder of the record; no service may be using it")->required();
  app.add_option("--database", database, "postgresql://USER@HOST/NAME, as the service was given");
  try {
    app.parse(argc, argv);
    return Rebuild(data, database);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "etalon rebuild: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace monitor::cli
