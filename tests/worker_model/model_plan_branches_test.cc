// Plans of branches and flattened sequences.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/worker_model/planned_job.h"
#include "tests/worker_model/small_job.h"

namespace pumasi {
namespace {

// `text` in a branch of its own, and one without layers.
std::string BesideInput(const std::string& text) {
  return "concatenate { branches { layers { " + text + " } } branches { } }";
}

TEST_CASE("Flatten makes a vector of so many steps, and leaves a vector alone") {
  const auto width = [](const std::vector<std::string>& layers) {
    const auto plans = PlanLayers(JobOf(layers), SmallData());
    REQUIRE(plans.ok());
    return plans->back().in.width;
  };
  CHECK(width({"flatten { steps: 7 }"}) == 21);
  CHECK(width({"global_max_pooling1d { }", "flatten { }"}) == 3);
  CHECK(
      Refusal(JobOf({"flatten { }"})) ==
      "model: layer 2 (flatten): steps is 0 or not set; a sequence (rows x tokens x 3) needs it to become one vector a "
      "row (rows x (steps * 3))");
  v1::Job job = JobOf({"flatten { steps: 65536 }"});
  job.mutable_model(0)->mutable_embedding()->set_width(65536);
  CHECK(Refusal(job).find("model: layer 2 (flatten): it makes vectors of 4294967296 floats; 2147483647 is the most") ==
        0);
}

TEST_CASE("Branches have tables and names of their own, and numbers behind those of the model's layers") {
  const v1::Job job = JobOf(
      {"concatenate { branches { layers { conv1d { filters: 4 kernel_size: 2 } } layers { global_max_pooling1d { } } } "
       "branches { layers { conv1d { filters: 5 kernel_size: 3 } } layers { conv1d { filters: 2 kernel_size: 1 } } "
       "layers { concatenate { branches { layers { lstm { units: 1 } } } } } } }",
       "dropout { rate: 0.5 }"});
  const auto tables = PlanTables(job, SmallData());
  INFO(tables.status().ToString());
  REQUIRE(tables.ok());
  CHECK(Shapes(*tables) ==
        std::vector<std::string>{"embedding 50x3", "concatenate/0/conv1d/kernel 6x4", "concatenate/0/conv1d/bias 1x4",
                                 "concatenate/1/conv1d/kernel 9x5", "concatenate/1/conv1d/bias 1x5",
                                 "concatenate/1/conv1d_1/kernel 5x2", "concatenate/1/conv1d_1/bias 1x2",
                                 "concatenate/1/concatenate/0/lstm/kernel 2x4",
                                 "concatenate/1/concatenate/0/lstm/recurrent_kernel 1x4",
                                 "concatenate/1/concatenate/0/lstm/bias 1x4", "dense/kernel 5x6", "dense/bias 1x6"});
  const auto plans = PlanLayers(job, SmallData());
  std::vector<uint32_t> numbers;
  for (const LayerPlan& plan : *plans) numbers.push_back(plan.number);
  CHECK(numbers == std::vector<uint32_t>{0, 1, 2, 3});
  const auto& branches = plans->at(1).branches;
  std::set<uint32_t> inner;
  for (const auto& branch : branches) {
    for (const LayerPlan& plan : branch) inner.insert(plan.number);
  }
  inner.insert(branches[1][2].branches[0][0].number);
  CHECK(inner == std::set<uint32_t>{4, 5, 6, 7, 8, 9});
}

TEST_CASE("Branches that can't stand side by side are refused by names and shapes") {
  CHECK(Refusal(JobOf({BesideInput("conv1d { filters: 4 kernel_size: 3 }"), "global_max_pooling1d { }"})) ==
        "model: layer 2 (concatenate): branch 0 (concatenate/0/conv1d) gives a sequence (rows x (tokens - 2) x 4), "
        "branch "
        "1 (no layers) gives a sequence (rows x tokens x 3); all have to be sequences of the same steps, or all one "
        "vector a row");
  CHECK(Refusal(JobOf({BesideInput("lstm { units: 4 }")})).find("gives one vector a row (rows x 4), branch 1") !=
        std::string::npos);
  for (const char* text : {"conv1d { filters: 4 kernel_size: 3 padding: PADDING_SAME }",
                           "gru { units: 4 return_sequences: true }", "batch_normalization { }"}) {
    CHECK(Refusal(JobOf({BesideInput(text), "global_max_pooling1d { }"})).empty());
  }
  // What a branch lacks stays known behind it.
  CHECK(Refusal(JobOf({"conv1d { filters: 4 kernel_size: 3 }", BesideInput("dropout { rate: 0.5 }"),
                       "lstm { units: 2 "
                       "return_sequences: true }",
                       BesideInput("conv1d { filters: 4 kernel_size: 2 }")}))
            .find("(rows x (tokens - 3) x 4), branch 1 (no layers) gives a sequence (rows x (tokens - 2) x 2)") !=
        std::string::npos);
  CHECK(Refusal(JobOf({"concatenate { }"})).find("model: layer 2 (concatenate): branches are missing") == 0);
}

TEST_CASE("A layer in a branch is refused with the way to it") {
  CHECK(Refusal(JobOf({BesideInput("dense { units: 4 }")}))
            .find("model: layer 2 (concatenate): layer 1 (concatenate/0/dense): a dense layer takes one vector a row "
                  "(rows x width), but embedding gives a sequence (rows x tokens x 3)") == 0);
  CHECK(
      Refusal(JobOf({"concatenate { branches { layers { lstm { units: 2 } } layers { gru { units: 2 } } } }"}))
          .find("(concatenate/0/gru): a gru takes a sequence (rows x tokens x width), but concatenate/0/lstm gives one "
                "vector a row (rows x 2); set return_sequences: true there") != std::string::npos);
  CHECK(Refusal(JobOf({BesideInput("embedding { width: 4 }")})).find("an embedding can only be the first layer") !=
        std::string::npos);
}

TEST_CASE("Concatenations may stand eight deep inside one another") {
  std::string text = "layer_normalization { }";
  for (int depth = 1; depth <= 9; ++depth) {
    text = "concatenate { branches { layers { " + text + " } } }";
    const std::string refusal = Refusal(JobOf({text, "global_max_pooling1d { }"}));
    CAPTURE(depth, refusal);
    CHECK(refusal.empty() == (depth <= 8));
    if (depth == 9)
      CHECK(refusal.find("it is the 9th concatenate inside one another; 8 are the most") != std::string::npos);
  }
}

}  // namespace
}  // namespace pumasi
