#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace qc_metrics {

/// One value of what a quantity is "of": a line in nm, a comparator's id, a pair of channels.
using Qualifier = std::variant<std::string, double, std::vector<std::int64_t>>;

/// One reported quantity with its estimate part of uncertainty.
///
/// `id` and `unit` are rows of the catalogue; `definition` says by which formula, with its version.
struct Quantity {
  std::string id;                 ///< "psf.fwhm.z"
  std::string definition;         ///< "etalon.gauss3d/1"
  double value = 0.0;             ///< finite, in `unit`
  std::string unit;               ///< UCUM: "um", "mW", "1", "{px}"
  std::optional<double> u;        ///< standard uncertainty (k = 1), estimate part; absent: unknown
  std::string u_method;           ///< "fit_covariance", "replicate_beads", ...; empty without u
  std::optional<std::int64_t> n;  ///< number of beads, samples or pixels behind the value
  std::optional<int> channel;     ///< 0-based; absent where a result has no channel
  std::map<std::string, Qualifier>
      of;  ///< "comparator", "line_nm", "setting_percent", "segment" ...
};

enum class Severity { kInfo, kWarning, kFault };

/// Something a person must know about a measurement; codes are the closed list of CONTRACTS.
struct Finding {
  std::string code;
  Severity severity = Severity::kInfo;
  std::string text;  ///< one clear sentence, with what to do
  std::optional<int> channel;
};

enum class ObjectState { kKept, kRejected };

/// One bead (or later: spot, grid point) with its own results, kept or rejected with a reason.
struct Object {
  std::string kind = "bead";
  std::optional<int> channel;
  ObjectState state = ObjectState::kKept;
  std::string reason;                   ///< empty when kept; the first gate that closed otherwise
  std::array<double, 3> position_um{};  ///< x, y, z; the first voxel's centre is 0, 0, 0
  std::vector<Quantity> quantities;
};

/// What every procedure hands on: default definition first among the entries of one id.
struct Report {
  std::vector<Quantity> quantities;
  std::vector<Object> objects;
  std::vector<Finding> findings;
};

}  // namespace qc_metrics
