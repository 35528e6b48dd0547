// What `pumasi plan` prints.
#ifndef PUMASI_TOOLS_CLI_PLAN_REPORT_H_
#define PUMASI_TOOLS_CLI_PLAN_REPORT_H_

#include <string>

#include "tools/cli/json.h"
#include "tools/plan/search.h"

namespace pumasi {

// For people: the job and its ids, a table of modes, one of workers, the recommendation, what holds it up, what would
// change it, and where each figure comes from. `command`: one that runs the recommendation, without its sizes; empty:
// the plan is not for this machine.
std::string PlanText(const PlanInput& input, const Plan& plan, const std::string& command);

// The same for scripts: docs/plan.md.
Json PlanJson(const PlanInput& input, const Plan& plan);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_PLAN_REPORT_H_
