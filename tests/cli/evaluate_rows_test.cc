// From a CSV to measures and back, with models whose outputs can be computed by hand.
#include "tools/cli/evaluate_rows.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <random>

#include "tests/cli/tiny_model.h"
#include "tests/common/temp_folder.h"
#include "worker/input/label_kind.h"
#include "worker/input/prepare.h"

namespace pumasi {
namespace {

constexpr uint32_t kVocabulary = 20;
using Words = std::vector<uint32_t>;

v1::Job SomeJob(v1::Loss loss, bool mask_zero) {
  v1::Job job;
  job.set_name("tiny");
  job.set_loss(loss);
  job.set_top_k(2);
  job.set_seed(1);
  job.mutable_data()->set_train("a.csv");
  job.mutable_data()->set_format(v1::FORMAT_CSV);
  job.mutable_data()->add_text("ids");
  job.mutable_data()->set_label("label");
  job.mutable_data()->set_label_separator("|");
  job.mutable_data()->set_on_error(v1::ON_ERROR_FAIL);
  job.mutable_tokenizer()->set_kind(v1::TOKENIZER_KIND_IDS);
  job.mutable_tokenizer()->set_vocabulary(kVocabulary);
  job.mutable_tokenizer()->set_max_length(8);
  job.mutable_tokenizer()->set_truncate(v1::TRUNCATE_BACK);
  TinyModel::AddLayers(&job, mask_zero);
  return job;
}

std::string SomeCsv(v1::Loss loss, uint64_t seed) {
  std::mt19937_64 random(seed);
  const char* const names[] = {"a", "b", "c", "d"};
  std::string csv = "label,ids\n";
  for (int row = 0; row < 600; ++row) {
    if (loss == v1::LOSS_CROSS_ENTROPY) csv += names[random() % 4];
    if (loss == v1::LOSS_MSE) csv += std::to_string(random() % 7) + "|-0." + std::to_string(random() % 100);
    for (int i = 0, before = 0; loss == v1::LOSS_BINARY_CROSS_ENTROPY && i < 4; ++i) {
      if (random() % 2 == 0) csv += (before++ > 0 ? "|" : "") + std::string(names[i]);
    }
    csv += ",";
    for (size_t n = random() % 5; n > 0; --n) csv += std::to_string(random() % kVocabulary) + " ";
    csv += "\n";
  }
  return csv;
}

// A prepared CSV, a model for it, and the model opened again from its folder.
struct Story {
  Story(v1::Loss loss, bool mask_zero, uint64_t seed) {
    const v1::Job job = SomeJob(loss, mask_zero);
    std::ofstream(folder / "a.csv") << SomeCsv(loss, seed);
    PrepareOptions options;
    options.data_root = folder.path();
    options.cache_folder = folder / "cache";
    auto result = PrepareData(job, folder.path(), options);
    INFO(result.status().ToString());
    REQUIRE(result.ok());
    prepared = *std::move(result);
    std::vector<std::string> assets;
    std::string from;
    for (const std::string& path : prepared.assets) {
      from = path.substr(0, path.rfind('/'));
      assets.push_back(path.substr(path.rfind('/') + 1));
    }
    tiny = std::make_unique<TinyModel>(job, prepared.summary, seed);
    tiny->Write(folder / "model", from, assets);
    auto opened = TrainedModel::Open(folder / "model");
    INFO(opened.status().ToString());
    REQUIRE(opened.ok());
    model = *std::move(opened);
  }

  TempFolder folder;
  Prepared prepared;
  std::unique_ptr<TinyModel> tiny;
  std::unique_ptr<TrainedModel> model;
};

double Sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

// The measures of a job's rows, in the plainest way.
struct PlainMeasures {
  double loss = 0, accuracy = 0, top_2 = 0, macro_f1 = 0;

  PlainMeasures(const TinyModel& model, const RowSource& rows) {
    std::map<uint32_t, double> right, times;  // by class; times: as truth and as prediction together
    Words tokens, labels;
    for (uint64_t row = 0; row < rows.rows(); ++row) {
      rows.Get(row, &tokens, &labels);
      const std::vector<double> outputs = model.Outputs(tokens);
      const double classes = double(outputs.size());
      if (model.job.loss() == v1::LOSS_MSE) {
        for (size_t i = 0; i < outputs.size(); ++i) loss += std::pow(outputs[i] - NumberOf(labels[i]), 2) / classes;
      } else if (model.job.loss() == v1::LOSS_BINARY_CROSS_ENTROPY) {
        bool exact = true;
        for (uint32_t i = 0; i < outputs.size(); ++i) {
          const bool truth = std::count(labels.begin(), labels.end(), i) > 0, predicted = outputs[i] > 0;
          loss -= std::log(truth ? Sigmoid(outputs[i]) : 1 - Sigmoid(outputs[i])) / classes;
          exact = exact && truth == predicted;
          right[i] += truth && predicted;
          times[i] += truth + predicted;
        }
        accuracy += exact;
      } else {
        double sum = 0;
        for (const double output : outputs) sum += std::exp(output);
        loss -= outputs[labels[0]] - std::log(sum);
        const auto above =
            std::count_if(outputs.begin(), outputs.end(), [&](double z) { return z > outputs[labels[0]]; });
        const auto predicted = uint32_t(std::max_element(outputs.begin(), outputs.end()) - outputs.begin());
        accuracy += above == 0;
        top_2 += above < 2;
        right[labels[0]] += above == 0;
        times[labels[0]] += 1;
        times[predicted] += 1;
      }
    }
    for (const auto& [label, count] : times) macro_f1 += 2 * right[label] / count / double(times.size());
    for (double* mean : {&loss, &accuracy, &top_2}) *mean /= double(rows.rows());
  }
};

TEST_CASE("A model folder gives the measures that a plain computation gives, with each loss") {
  for (const v1::Loss loss : {v1::LOSS_CROSS_ENTROPY, v1::LOSS_BINARY_CROSS_ENTROPY, v1::LOSS_MSE}) {
    for (const bool mask_zero : {false, true}) {
      for (uint64_t seed = 1; seed <= 3; ++seed) {
        CAPTURE(v1::Loss_Name(loss), mask_zero, seed);
        const Story story(loss, mask_zero, seed);
        ProgressTracker tracker(nullptr, nullptr);
        const auto file = EncodeFor(*story.model, {story.folder / "a.csv"}, 2, &tracker);
        REQUIRE(file.ok());
        REQUIRE(file->rows->rows() == 600);
        const auto evaluation = EvaluateRows(*story.model, *file->rows, 3, nullptr);
        INFO(evaluation.status().ToString());
        REQUIRE(evaluation.ok());
        const PlainMeasures plain(*story.tiny, *story.prepared.train);
        CHECK(evaluation->samples() == 600);
        CHECK(evaluation->loss() == Approx(plain.loss).epsilon(1e-5));
        CHECK(evaluation->accuracy() == Approx(plain.accuracy));
        CHECK(evaluation->macro_f1() == Approx(plain.macro_f1));
        CHECK(evaluation->top_k() == (loss == v1::LOSS_CROSS_ENTROPY ? 2 : 0));
        CHECK(evaluation->top_k_accuracy() == Approx(plain.top_2));
        CHECK(evaluation->confusions_size() == (loss == v1::LOSS_MSE ? 0 : 3));
        CHECK(story.model->labels().size() == (loss == v1::LOSS_MSE ? 0 : 4));
      }
    }
  }
}

TEST_CASE("Predictions are the outputs behind their activation, row by row or together") {
  for (const v1::Loss loss : {v1::LOSS_CROSS_ENTROPY, v1::LOSS_BINARY_CROSS_ENTROPY, v1::LOSS_MSE}) {
    CAPTURE(v1::Loss_Name(loss));
    const Story story(loss, true, 9);
    const std::vector<Words> rows = {{3, 0, 7}, {0}, {19, 19, 1, 2}, {}};
    PartBuilder all = story.model->NewPart();
    for (const Words& row : rows) all.Add(row);
    std::vector<float> together, alone;
    REQUIRE(story.model->Predict(all.Take(), &together).ok());
    const size_t outputs = together.size() / rows.size();
    REQUIRE(outputs == (loss == v1::LOSS_MSE ? 2 : 4));
    for (size_t i = 0; i < rows.size(); ++i) {
      PartBuilder one = story.model->NewPart();
      one.Add(rows[i]);
      REQUIRE(story.model->Predict(one.Take(), &alone).ok());
      std::vector<double> expected = story.tiny->Outputs(rows[i]);
      double sum = 0;
      for (const double z : expected) sum += std::exp(z);
      for (size_t j = 0; j < outputs; ++j) {
        if (loss == v1::LOSS_CROSS_ENTROPY) expected[j] = std::exp(expected[j]) / sum;
        if (loss == v1::LOSS_BINARY_CROSS_ENTROPY) expected[j] = Sigmoid(expected[j]);
        CHECK(together[i * outputs + j] == Approx(expected[j]).epsilon(1e-5));
        CHECK(alone[j] == Approx(expected[j]).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("Rows that the model cannot have are refused with their line") {
  const auto refused = [](v1::Loss loss, const std::string& row) {
    const Story story(loss, false, 1);
    std::ofstream(story.folder / "b.csv") << "ids,label\n1,\"" << (loss == v1::LOSS_MSE ? "1|2" : "a") << "\"\n" << row;
    ProgressTracker tracker(nullptr, nullptr);
    const absl::Status status = EncodeFor(*story.model, {story.folder / "b.csv"}, 2, &tracker).status();
    CHECK(absl::IsInvalidArgument(status));
    return std::string(status.message());
  };
  using Catch::Matchers::Contains;
  CHECK_THAT(refused(v1::LOSS_CROSS_ENTROPY, "20,a\n"),
             Contains("b.csv:3: column \"ids\": \"20\" is no id; ids are from 0 to 19 (tokenizer.vocabulary: 20)"));
  CHECK_THAT(refused(v1::LOSS_CROSS_ENTROPY, "1,a|b\n"), Contains("b.csv:3: column \"label\": the label \"a|b\""));
  CHECK_THAT(refused(v1::LOSS_BINARY_CROSS_ENTROPY, "1,a|x\n"), Contains("b.csv:3: column \"label\": the label \"x\""));
  CHECK_THAT(refused(v1::LOSS_MSE, "1,3\n"),
             Contains("b.csv:3: column \"label\": 1 number, but the first training row"));
}

TEST_CASE("An evaluation without rows, or one that is interrupted, is an error") {
  const Story story(v1::LOSS_MSE, false, 1);
  CHECK(absl::IsCancelled(EvaluateRows(*story.model, *story.prepared.train, 3, [] { return true; }).status()));
  std::ofstream(story.folder / "b.csv") << "ids,label\n";
  ProgressTracker tracker(nullptr, nullptr);
  const auto file = EncodeFor(*story.model, {story.folder / "b.csv"}, 1, &tracker);
  REQUIRE(file.ok());
  CHECK(absl::IsInvalidArgument(EvaluateRows(*story.model, *file->rows, 3, nullptr).status()));
}

}  // namespace
}  // namespace pumasi
