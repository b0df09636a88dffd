#include "monitor/report/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "monitor/report/number_text.h"
#include "monitor/report/svg_chart.h"
#include "qc_metrics/catalogue.h"

namespace monitor::report {
namespace {

using nlohmann::json;

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#fff;--ground:#f6f7f8;--line:#dfe3e6;--ink:#15191d;--ink-2:#59636e;
--fault:#b42318;--warning:#8a5a00;--info:#1f5fbf}
@media(prefers-color-scheme:dark){:root{--bg:#14181b;--ground:#0e1113;--line:#2b3238;--ink:#e8ebed;
--ink-2:#9aa4ae;--fault:#ff7a6b;--warning:#f0b429;--info:#7fb0ff}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);
font:14px/1.45 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1180px;margin:0 auto;padding:24px}h1{font-size:20px;margin:0 0 4px}
h2{font-size:14px;color:var(--ink-2);margin:28px 0 8px}.muted{color:var(--ink-2)}
.card{background:var(--bg);border:1px solid var(--line);border-radius:6px;overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{padding:7px 12px;border-top:1px solid var(--line);
text-align:left;vertical-align:baseline}thead th{border-top:0;font-size:12px;color:var(--ink-2)}
.num{text-align:right;white-space:nowrap}.mono{font:12px ui-monospace,Menlo,"DejaVu Sans Mono",monospace;
overflow-wrap:anywhere}figure{margin:16px;display:table}figcaption{color:var(--ink-2);font-size:12px;
display:table-caption;caption-side:bottom;padding-top:6px;min-width:22ch}
caption{text-align:left;padding:8px 12px}.figures{display:flex;flex-wrap:wrap;align-items:flex-start}
img,svg{max-width:100%;height:auto}.pixels{image-rendering:pixelated}
.finding{padding:8px 12px;border-left:3px solid var(--info);margin-top:8px;background:var(--bg)}
.finding.warning{border-color:var(--warning)}.finding.fault{border-color:var(--fault)}
.alternative td{color:var(--ink-2)}@media print{body{background:#fff;color:#000}
.card{border-color:#999}h2{break-after:avoid}figure,tr{break-inside:avoid}}
)css";

std::string Plain(const json& value) {
  if (value.is_string()) return EscapeXml(value.get_ref<const std::string&>());
  if (value.is_number()) return NominalText(value.get<double>());
  if (!value.is_array()) return EscapeXml(value.dump());
  std::string list;
  for (const json& element : value) list += (list.empty() ? "" : ", ") + Plain(element);
  return list;
}

std::string Text(const json& object, std::string_view key, std::string fallback = "") {
  const auto found = object.find(key);
  return found == object.end() ? fallback : Plain(*found);
}

/// A code as words: "fit_covariance" is "fit covariance".
std::string Words(std::string code) {
  std::replace(code.begin(), code.end(), '_', ' ');
  return code;
}

bool NamesChannel(const json& quantity) {
  return quantity.contains("channel_name") || quantity.contains("channel");
}

std::string QualifierText(const json& quantity) {
  std::string text;
  const auto of = quantity.find("of");
  if (of == quantity.end()) return text;
  for (const auto& [key, value] : of->items()) {
    if (!text.empty()) text += ", ";
    text += EscapeXml(key) + " " + Text(*of, key);
  }
  return text;
}

std::string ValueCell(const json& quantity) {
  const auto u = quantity.find("u");
  const std::optional<double> expanded =
      u == quantity.end() ? std::nullopt : std::optional(2.0 * u->get<double>());
  const std::string unit = UnitText(quantity.value("unit", ""));
  return ValueText(quantity.at("value").get<double>(), expanded) +
         (unit.empty() ? "" : "\u202f" + EscapeXml(unit));
}

std::string QuantityRow(const json& quantity, bool is_default, bool with_channel) {
  const std::string id = quantity.at("id").get<std::string>();
  const qc_metrics::CatalogueEntry* entry = qc_metrics::FindQuantity(id);
  const std::string name = entry != nullptr ? std::string(entry->name) : id;
  const std::string channel =
      with_channel ? "<td>" + Text(quantity, "channel_name", Text(quantity, "channel")) + "</td>"
                   : "";
  return fmt::format(
      "<tr{}><th scope=\"row\">{}{}</th>{}<td class=\"num\">{}</td><td>{}</td>"
      "<td class=\"mono\">{}</td><td class=\"num\">{}</td></tr>\n",
      is_default ? "" : " class=\"alternative\"", EscapeXml(name),
      QualifierText(quantity).empty()
          ? ""
          : "<br><small class=\"muted\">" + QualifierText(quantity) + "</small>",
      channel, ValueCell(quantity), Words(Text(quantity, "u_method")), Text(quantity, "definition"),
      Text(quantity, "n"));
}

std::string QuantityTable(const json& document) {
  const json quantities = document.value("quantities", json::array());
  const bool with_channel = std::any_of(quantities.begin(), quantities.end(), NamesChannel);
  std::string rows;
  for (const json& quantity : quantities) {
    const std::string id = quantity.at("id").get<std::string>();
    const qc_metrics::CatalogueEntry* entry = qc_metrics::FindQuantity(id);
    const bool is_default =
        entry == nullptr || quantity.value("definition", "") == entry->default_definition;
    rows += QuantityRow(quantity, is_default, with_channel);
  }
  if (rows.empty()) return "<p>No result: the findings say why.</p>";
  return "<div class=\"card\"><table><caption class=\"muted\">Value ± U_est (k = 2, estimate only: "
         "what the image itself tells; reproducibility and reference are added by the service). "
         "Pale rows are further definitions of the same quantity.</caption><thead><tr><th>Quantity"
         "</th>" +
         std::string(with_channel ? "<th>Channel</th>" : "") +
         "<th class=\"num\">Value ± U_est</th><th>Uncertainty from</th>"
         "<th>Definition</th><th class=\"num\">n</th></tr></thead><tbody>\n" +
         rows + "</tbody></table></div>\n";
}

std::string Findings(const json& document) {
  std::string html;
  for (const json& finding : document.value("findings", json::array())) {
    const std::string severity = Text(finding, "severity", "info");
    html += fmt::format(
        "<div class=\"finding {}\"><b>{}</b>: {} <span class=\"mono muted\">{}</span>"
        "</div>\n",
        severity, severity, Text(finding, "text"), Text(finding, "code"));
  }
  return html.empty() ? "" : "<h2>Findings</h2>\n" + html;
}

std::string Objects(const json& document) {
  std::map<std::string, int> rejected;
  int kept = 0;
  for (const json& object : document.value("objects", json::array())) {
    if (!object.contains("position_um")) continue;  // a part of a series in time
    if (object.value("state", "") == "kept") {
      ++kept;
    } else {
      ++rejected[object.value("reason", "unknown")];
    }
  }
  if (kept == 0 && rejected.empty()) return "";
  std::string html = fmt::format(
      "<h2>Objects</h2><div class=\"card\"><table><tbody><tr><th "
      "scope=\"row\">kept</th><td class=\"num\">{}</td></tr>",
      kept);
  for (const auto& [reason, count] : rejected) {
    html += fmt::format("<tr><th scope=\"row\">rejected: {}</th><td class=\"num\">{}</td></tr>",
                        EscapeXml(reason), count);
  }
  return html + "</tbody></table></div>\n";
}

std::string Provenance(const json& document) {
  std::string rows;
  for (const json& input : document.value("inputs", json::array())) {
    rows += fmt::format(
        "<tr><th scope=\"row\">file</th><td class=\"mono\">{}</td><td "
        "class=\"mono\">sha256 {}</td></tr>",
        Text(input, "name"), Text(input, "sha256"));
  }
  const json setup = document.value("setup", json::object());
  for (const auto& [key, entry] : setup.items()) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>from the {}</td></tr>",
                        EscapeXml(key), Text(entry, "value"), Text(entry, "source"));
  }
  const json software = document.value("software", json::object());
  rows += fmt::format(
      "<tr><th scope=\"row\">software</th><td>{} {}</td><td "
      "class=\"mono\">{}</td></tr>",
      Text(software, "name"), Text(software, "version"), Text(software, "build"));
  return "<h2>Where it comes from</h2><div class=\"card\"><table><tbody>" + rows +
         "</tbody></table></div>\n";
}

std::string Base64(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool padding = i + k > bytes.size();
      out += padding ? '=' : kDigits[group >> (18 - 6 * k) & 63];
    }
  }
  return out;
}

std::string Figures(const std::vector<Picture>& pictures) {
  if (pictures.empty()) return "";
  std::string html = "<h2>What was seen</h2><div class=\"card figures\">\n";
  for (const Picture& picture : pictures) {
    const std::string caption = EscapeXml(picture.caption);
    const std::string image = picture.media_type == "image/svg+xml"
                                  ? picture.bytes
                                  : fmt::format("<img alt=\"{}\" src=\"data:{};base64,{}\">",
                                                caption, picture.media_type, Base64(picture.bytes));
    html += "<figure>" + image + "<figcaption>" + caption + "</figcaption></figure>\n";
  }
  return html + "</div>\n";
}

std::string Title(const json& document) {
  static const std::map<std::string, std::string> kTitles = {
      {"psf", "Point spread function"},
      {"illumination", "Field illumination"},
      {"power", "Illumination power"},
      {"coregistration", "Channel co-registration"},
      {"detector", "Detector"},
      {"stage", "Stage and focus"},
      {"sectioning", "Optical sectioning"},
      {"geometry", "Geometry"}};
  const std::string analysis = document.value("analysis", "");
  const auto found = kTitles.find(analysis);
  return found == kTitles.end() ? EscapeXml(analysis) : found->second;
}

}  // namespace

std::string HtmlReport(const json& document, const std::vector<Picture>& pictures) {
  const std::string title = Title(document);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>{0} · Etalon</title><style>{1}</style></head><body>"
      "<main><h1>{0}</h1><p class=\"muted\">acquired {2}, measured {3}. A measurement report: no "
      "statement of conformity.</p>\n{4}{6}<h2>What it means</h2>{5}{7}{8}</main></body></html>\n",
      title, kStyle, Text(document, "acquired_at", "at an unknown time"),
      Text(document, "measured_at", "at an unknown time"), Findings(document),
      QuantityTable(document), Figures(pictures), Objects(document), Provenance(document));
}

}  // namespace monitor::report
