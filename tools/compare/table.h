// The figures of a comparison as tables of text, for a terminal and for a page.
#ifndef PUMASI_TOOLS_COMPARE_TABLE_H_
#define PUMASI_TOOLS_COMPARE_TABLE_H_

#include <string>
#include <vector>

#include "tools/compare/comparison.h"
#include "tools/compare/summary.h"

namespace pumasi {

struct Table {
  std::string caption;
  std::vector<std::string> head;               // the first column is text, the others are figures
  std::vector<std::vector<std::string>> rows;  // each of as many cells
};

// Speed and quality; costs (bytes, memory); shares of the workers' time. "-" stands for what is unknown. A column that
// nothing is known of is left out, and so is a table of which only the first column is left.
std::vector<Table> SummaryTables(const Comparison& comparison, const std::vector<Summary>& summaries);

// Most memory of every process, of the run with the median speed. No rows: no run tells.
Table ProcessTable(const std::vector<Summary>& summaries);

// One row a repetition.
Table RunsTable(const Comparison& comparison);

// Whose runs failed, and what was not equal.
std::vector<std::string> Warnings(const Comparison& comparison);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_TABLE_H_
