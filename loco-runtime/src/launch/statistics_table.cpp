// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "launch/statistics_table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

namespace loco::launch {
namespace {

using Json = nlohmann::ordered_json; // columns in the order in which they came

constexpr std::string_view Nanoseconds = "_ns"; // too fine to read: shown in ms

/// "miss_us" -> "miss (us)", "bytes_in" stays a plain "bytes in".
std::string header_of(std::string name) {
  std::string unit;
  if (name.ends_with(Nanoseconds))
    name.replace(name.size() - Nanoseconds.size(), std::string::npos, "_ms");
  for (std::string_view suffix : {"_bytes", "_us", "_ms", "_s"})
    if (name.ends_with(suffix)) {
      unit = " (" + std::string(suffix.substr(1)) + ")";
      name.resize(name.size() - suffix.size());
      break;
    }
  std::replace(name.begin(), name.end(), '_', ' ');
  return name + unit;
}

struct Columns {
  std::vector<std::string> names;
  std::vector<std::map<std::string, double>> rows; ///< by node

  void add(std::size_t node, const Json &object, const std::string &prefix) {
    for (const auto &[key, value] : object.items()) {
      const std::string name = prefix + key;
      if (value.is_object())
        add(node, value, name + " ");
      else if (value.is_number()) {
        if (std::find(names.begin(), names.end(), name) == names.end())
          names.push_back(name);
        rows[node][name] =
            value.get<double>() / (name.ends_with(Nanoseconds) ? 1e6 : 1);
      }
    }
  }
};

std::string number(double value) {
  char text[64];
  std::snprintf(text, sizeof text, value == std::floor(value) ? "%.0f" : "%.2f",
                value);
  return text;
}

} // namespace

std::string statistics_table(const std::vector<std::string> &reports,
                             int memory_nodes) {
  Columns columns;
  columns.rows.resize(reports.size());
  std::vector<std::string> missing;
  for (std::size_t node = 0; node < reports.size(); ++node) {
    Json parsed = Json::parse(reports[node], nullptr, /*exceptions=*/false);
    if (!parsed.is_object())
      missing.push_back(std::to_string(node));
    else
      columns.add(node, parsed, "");
  }

  if (missing.size() == reports.size())
    return "";
  std::vector<std::vector<std::string>> lines(1, {"node"});
  for (const std::string &name : columns.names)
    lines[0].push_back(header_of(name));
  std::map<std::string, double> sum;
  for (std::size_t node = 0; node < reports.size(); ++node) {
    bool runs_program =
        node + static_cast<std::size_t>(memory_nodes) < reports.size();
    lines.push_back({(runs_program ? "" : "memory ") + std::to_string(node)});
    for (const std::string &name : columns.names) {
      auto cell = columns.rows[node].find(name);
      const bool there = cell != columns.rows[node].end();
      lines.back().push_back(there ? number(cell->second) : "-");
      sum[name] += there ? cell->second : 0;
    }
  }
  lines.push_back({"total"});
  for (const std::string &name : columns.names)
    lines.back().push_back(number(sum[name]));

  std::vector<std::size_t> widths(columns.names.size() + 1);
  for (const auto &line : lines)
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], line[i].size());
  std::string table;
  for (const auto &line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      table += (i ? "  " : "") +
               std::string(widths[i] - line[i].size(), ' ') + line[i];
    table += "\n";
  }
  for (const std::string &node : missing)
    table += "node " + node + " sent no statistics\n";
  return table;
}

} // namespace loco::launch
