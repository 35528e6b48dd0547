#include "common/job_check.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/field_rules.h"
#include "common/yaml_message.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

// A job of five lines; `last` is the last layer, `more` follows.
std::string Job(const std::string& last, const std::string& more,
                const std::string& data = "{train: a.csv, text: words, label: tags}",
                const std::string& tokenizer = "{kind: words}") {
  return "name: some\ndata: " + data + "\n" + (tokenizer.empty() ? "" : "tokenizer: " + tokenizer + "\n") +
         "model: [embedding: {width: 4}, lstm: {units: 4}, " + last + "]\noptimizer: {sgd: {}}\n" + more;
}

std::string Error(const std::string& yaml) {
  v1::Job job;
  SourceMap source;
  absl::Status status = ParseYamlMessage(yaml, "job.yaml", &job, &source);
  if (status.ok()) status = CompleteMessage(&job, source);
  INFO(yaml << status.ToString());
  REQUIRE(status.ok());
  status = CheckJob(job, source);
  CHECK((status.ok() || absl::IsInvalidArgument(status)));
  return std::string(status.message());
}

const std::string kSoftmax = "dense: {activation: softmax}", kSigmoid = "dense: {activation: sigmoid}",
                  kLinear = "dense: {}";

TEST_CASE("Each loss takes the last layer that goes with it, and no other") {
  const std::string binary = "loss: binary_cross_entropy\n", mse = "loss: mse\n";
  CHECK(Error(Job(kSoftmax, "")).empty());
  CHECK(Error(Job(kSigmoid, binary)).empty());
  CHECK(Error(Job(kLinear, mse)).empty());
  CHECK(Error(Job(kSigmoid, mse)).empty());
  for (const auto& [last, loss] : {std::pair(kSigmoid, std::string()), std::pair(kSoftmax, binary),
                                   std::pair(kLinear, binary), std::pair(kSoftmax, mse)}) {
    CHECK_THAT(Error(Job(last, loss)), StartsWith("job.yaml:4:1: model: layer 3 (dense): the last layer"));
  }
}

TEST_CASE("Settings that the loss has no use for are refused where they stand") {
  CHECK_THAT(Error(Job(kLinear, "loss: mse\nlabel_smoothing: 0.1\n")), StartsWith("job.yaml:7:18: label_smoothing: "));
  CHECK_THAT(Error(Job(kLinear, "loss: mse\nclass_weights: [1, 2]\n")), StartsWith("job.yaml:7:1: class_weights: "));
  CHECK_THAT(Error(Job(kSigmoid, "loss: binary_cross_entropy\nclass_weights: [1, 2]\n")),
             StartsWith("job.yaml:7:1: class_weights: "));
  CHECK(Error(Job(kLinear, "loss: mse\nlabel_smoothing: 0\n")).empty());
  CHECK(Error(Job(kSoftmax, "label_smoothing: 0.1\nclass_weights: [1, 2]\n")).empty());
}

TEST_CASE("Where workers hold parameters is said only where they do") {
  CHECK(Error(Job(kSoftmax, "mode: allreduce\n")).empty());
  CHECK(Error(Job(kSoftmax, "mode: allreduce\nallreduce: {state: sharded}\nreplicas: 2\nwire: bf16\n")).empty());
  const std::string replicated = "mode: allreduce\nallreduce: {state: replicated}\n";
  for (const std::string more :
       {"", "replicas: 1\n", "wire: bf16\n", "durability: batch\ncheckpoint: {every_batches: 9}\n"}) {
    CHECK(Error(Job(kSoftmax, replicated + more)).empty());
  }
  CHECK_THAT(Error(Job(kSoftmax, replicated + "replicas: 2\n")),
             StartsWith("job.yaml:8:11: replicas: with allreduce: {state: replicated} every worker"));
  const std::string ring = "mode: allreduce\nallreduce: {state: replicated, reduction: ring, rows: dense}\n";
  CHECK(Error(Job(kSoftmax, ring + "checkpoint: {every_batches: 9}\n")).empty());
  for (const std::string more : {"wire: bf16\n", "backup_workers: 1\n", "average_every: {batches: 2}\n",
                                 "durability: batch\ncheckpoint: {every_batches: 9}\n"}) {
    CHECK_THAT(Error(Job(kSoftmax, ring + more)), Contains("with allreduce: {reduction: ring} "));
  }
  CHECK_THAT(Error(Job(kSoftmax, "mode: allreduce\nallreduce: {reduction: ring}\n")),
             StartsWith("job.yaml:7:24: allreduce.reduction: ") && Contains("take state: replicated"));
  CHECK_THAT(Error(Job(kSoftmax, "mode: allreduce\nallreduce: {state: replicated, rows: dense}\n")),
             StartsWith("job.yaml:7:38: allreduce.rows: dense is for comparisons"));
  for (const std::string wire : {"onebit", "topk"}) {
    CHECK_THAT(Error(Job(kSoftmax, replicated + "wire: " + wire + "\n")),
               StartsWith("job.yaml:8:7: wire: " + wire) && Contains("take allreduce: {state: sharded}, or wire"));
  }
  CHECK(Error(Job(kSoftmax, "mode: hybrid\nreplicas: 2\nwire: bf16\n")).empty());
  CHECK_THAT(Error(Job(kSoftmax, "mode: hybrid\nallreduce: {state: replicated}\n")),
             StartsWith("job.yaml:7:1: allreduce: ") && Contains("they hold the dense tensors; leave it out"));
  for (const std::string wire : {"onebit", "topk"}) {
    CHECK_THAT(Error(Job(kSoftmax, "mode: hybrid\nwire: " + wire + "\n")),
               StartsWith("job.yaml:7:7: wire: " + wire) && Contains("take mode: ps, or wire"));
  }
  CHECK_THAT(Error(Job(kSoftmax, "allreduce: {state: sharded}\n")), StartsWith("job.yaml:6:1: allreduce: "));
  CHECK_THAT(Error(Job(kSoftmax, "mode: ps\nallreduce: {}\n")), StartsWith("job.yaml:7:1: allreduce: "));
}

TEST_CASE("Made-up rows have one class each") {
  const std::string data = "{synthetic: {rows: 10, vocabulary: 5}}";
  CHECK(Error(Job(kSoftmax, "", data, "")).empty());
  CHECK_THAT(Error(Job(kLinear, "loss: mse\n", data, "")), StartsWith("job.yaml:5:7: loss: made-up rows"));
  CHECK_THAT(Error(Job(kSigmoid, "loss: binary_cross_entropy\n", data, "")),
             StartsWith("job.yaml:5:7: loss: made-up rows"));
}

TEST_CASE("A separator of labels is not empty, and no part of a number where there are numbers") {
  const auto data = [](const std::string& separator) {
    return "{train: a.csv, text: words, label: tags, label_separator: '" + separator + "'}";
  };
  const std::string binary = "loss: binary_cross_entropy\n", mse = "loss: mse\n";
  CHECK_THAT(Error(Job(kSigmoid, binary, data(""))), StartsWith("job.yaml:2:65: data.label_separator: it is empty"));
  CHECK(Error(Job(kSigmoid, binary, data("-"))).empty());
  CHECK(Error(Job(kSoftmax, "", data(""))).empty());
  CHECK(Error(Job(kLinear, mse, data("; "))).empty());
  for (const char* separator : {".", "-", "e", " 1 "}) {
    CHECK_THAT(Error(Job(kLinear, mse, data(separator))), StartsWith("job.yaml:2:65: data.label_separator: '"));
  }
}

TEST_CASE("Ids need no more than the number of them") {
  const std::string data = "{train: a.csv, text: words, label: tags}";
  CHECK(Error(Job(kSoftmax, "", data, "{kind: ids, vocabulary: 1000}")).empty());
  CHECK_THAT(Error(Job(kSoftmax, "", data, "{kind: ids, oov_token: x}")),
             StartsWith("job.yaml:3:35: tokenizer.oov_token: only kind: keras"));
}

TEST_CASE("A batch that does not come apart into equal parts is refused where the parts are given") {
  CHECK_THAT(Error(Job(kSoftmax, "batch: 64\nmicro_batches: 5\n")),
             StartsWith("job.yaml:7:16: micro_batches: a batch of 64 rows cannot be cut into 5 equal parts"));
}

TEST_CASE("Averages go with every mode, and with pushes of values alone") {
  const std::string every = "average_every: {batches: 10}\n";
  for (const std::string more : {"", "mode: allreduce\n", "mode: allreduce\nallreduce: {state: replicated}\n",
                                 "wire: bf16\n", "replicas: 2\n", "batch: 64\nmicro_batches: 5\n"}) {
    CHECK(Error(Job(kSoftmax, every + more)).empty());
  }
  CHECK(Error(Job(kSoftmax, "average_every: {epochs: 1, block_momentum: 0.9}\n")).empty());
  CHECK_THAT(Error(Job(kSoftmax, every + "consistency: async\n")),
             StartsWith("job.yaml:6:1: average_every: lanes meet"));
  for (const std::string wire : {"onebit", "topk"}) {
    CHECK_THAT(Error(Job(kSoftmax, every + "wire: " + wire + "\n")),
               StartsWith("job.yaml:7:7: wire: with average_every a push brings"));
  }
  const std::string count =
      "name: some\ndata: {synthetic: {rows: 10, vocabulary: 5}}\n"
      "model: [embedding: {width: 4}, lstm: {units: 4}, dense: {activation: softmax}]\noptimizer: {count: {}}\n";
  CHECK_THAT(Error(count + every), StartsWith("job.yaml:5:1: average_every: optimizer: {count: {}} counts"));
}

TEST_CASE("Elastic averaging is for servers that keep each lane's parameters") {
  const std::string elastic = "average_every: {batches: 10, elastic: 0.9}\n";
  for (const std::string more : {"", "replicas: 2\n", "wire: bf16\n", "backup_workers: 1\n", "split: epoch\n"}) {
    CHECK(Error(Job(kSoftmax, elastic + more)).empty());
  }
  for (const std::string mode : {"allreduce", "hybrid"}) {
    CHECK_THAT(Error(Job(kSoftmax, elastic + "mode: " + mode + "\n")),
               StartsWith("job.yaml:6:39: average_every.elastic: servers keep the lanes' own parameters"));
  }
  for (const std::string lanes : {"1", "65"}) {
    CHECK_THAT(Error(Job(kSoftmax, elastic + "micro_batches: " + lanes + "\n")),
               StartsWith("job.yaml:7:16: micro_batches: elastic averaging is among 2 to 64 lanes"));
  }
  CHECK_THAT(Error(Job(kSoftmax, "average_every: {epochs: 1, elastic: 0.5, block_momentum: 0.5}\n")),
             Contains("average_every.elastic: lanes that keep their own way"));
  CHECK(Error(Job(kSoftmax, "average_every: {epochs: 1, elastic: 0, block_momentum: 0.5}\n")).empty());
  CHECK_THAT(Error(Job(kSoftmax, elastic + "checkpoint: {every_batches: 9}\ndurability: batch\n")),
             StartsWith("job.yaml:8:13: durability: the log is of one gradient a batch"));
  std::string job = Job("global_max_pooling1d: {}, batch_normalization: {}, " + kSoftmax, elastic);
  job.replace(job.find(", lstm: {units: 4}"), 18, "");
  CHECK_THAT(Error(job), Contains("model: with elastic averaging batch_normalization"));
}

TEST_CASE("Counts are not rounded on their way") {
  const auto job = [](const std::string& optimizer, const std::string& wire) {
    return "name: some\ndata: {synthetic: {rows: 10, vocabulary: 5}}\n"
           "model: [embedding: {width: 4}, lstm: {units: 4}, dense: {activation: softmax}]\n"
           "optimizer: {" +
           optimizer + ": {}}\nwire: " + wire + "\n";
  };
  CHECK(Error(job("sgd", "bf16")).empty());
  CHECK(Error(job("count", "float32")).empty());
  CHECK_THAT(Error(job("count", "bf16")),
             StartsWith("job.yaml:5:7: wire: bf16 has 8 bits and rounds counts above 256"));
  CHECK(Error(job("adam", "fp16")).empty());
  CHECK_THAT(Error(job("count", "fp16")),
             StartsWith("job.yaml:5:7: wire: fp16 has 11 bits and rounds counts above 2048"));
  for (const std::string wire : {"onebit", "topk"}) {
    CHECK(Error(job("sgd", wire)).empty());
    CHECK_THAT(Error(job("count", wire)), StartsWith("job.yaml:5:7: wire: " + wire + " sends less than each value"));
    CHECK_THAT(Error(job("sgd", wire + "\nreplicas: 2")),
               StartsWith("job.yaml:5:7: wire: " + wire + " sends what depends on who computes"));
    CHECK(Error(job("sgd", wire + "\nreplicas: 1")).empty());
    CHECK_THAT(Error(job("sgd", wire + "\ncheckpoint: {every_batches: 9}\ndurability: batch")),
               StartsWith("job.yaml:7:13: durability: with wire: " + wire) && Contains("could not be told apart"));
  }
  CHECK(Error(job("sgd", "topk\nwire_fraction: 0.1")).empty());
  for (const std::string wire : {"onebit", "float32", "bf16"}) {
    CHECK_THAT(Error(job("sgd", wire + "\nwire_fraction: 0.1")),
               StartsWith("job.yaml:6:16: wire_fraction: only wire: topk sends a share"));
  }
}

TEST_CASE("What may lack updates is refused what needs all of them in one order") {
  const std::string async = "consistency: async\n", bounded = "consistency: {bounded: {staleness: 3}}\n";
  CHECK(Error(Job(kSoftmax, async)).empty());
  CHECK(Error(Job(kSoftmax, "consistency: bounded\n")).empty());
  CHECK(Error(Job(kSoftmax, "consistency: sync\nreplicas: 2\n")).empty());
  for (const std::string& loose : {async, bounded}) {
    CAPTURE(loose);
    CHECK(Error(Job(kSoftmax, loose + "checkpoint: {every_batches: 9}\nwire: onebit\n")).empty());
    CHECK_THAT(Error(Job(kSoftmax, loose + "replicas: 2\n")),
               StartsWith("job.yaml:7:11: replicas: with consistency: ") && Contains("drift apart"));
    CHECK_THAT(Error(Job(kSoftmax, loose + "mode: allreduce\n")),
               StartsWith("job.yaml:6:1") && Contains("is for mode: ps and hybrid"));
    // Each dense tensor lies on one worker then.
    for (const std::string more : {"", "wire: onebit\n", "wire: bf16\n"}) {
      CHECK(Error(Job(kSoftmax, loose + "mode: hybrid\n" + more)).empty());
    }
    CHECK_THAT(Error(Job(kSoftmax, loose + "mode: hybrid\nreplicas: 2\n")), Contains("replicas: with consistency: "));
  }
  const std::string log = "checkpoint: {every_batches: 9}\ndurability: batch\n";
  for (const std::string& loose : {async, bounded}) {
    CHECK_THAT(Error(Job(kSoftmax, loose + log)), StartsWith("job.yaml:8:13: durability: with consistency: "));
  }
  const std::string normal = "global_max_pooling1d: {}, batch_normalization: {}, " + kSoftmax;
  const auto with = [&](const std::string& loose) {
    std::string job = Job(normal, loose);
    job.replace(job.find(", lstm: {units: 4}"), 18, "");
    return Error(job);
  };
  CHECK(with(bounded).empty());
  CHECK(with(async + "mode: hybrid\n").empty());
  CHECK_THAT(with(async), Contains("model: with consistency: async batch_normalization"));
  std::string nested = Job(kSoftmax, async);
  nested.replace(nested.find("lstm: {units: 4}"), 16,
                 "concatenate: {branches: [{layers: [batch_normalization: {}, global_max_pooling1d: {}]}, {layers: "
                 "[global_average_pooling1d: {}]}]}");
  CHECK_THAT(Error(nested), Contains("model: with consistency: async batch_normalization"));
  for (const std::string& loose : {async, bounded}) {
    for (const std::string clip : {"norm", "global_norm"}) {
      std::string job = Job(kSoftmax, loose);
      job.replace(job.find("{sgd: {}}"), 9, "{sgd: {}, clip: {" + clip + ": 1}}");
      CHECK_THAT(Error(job), Contains("optimizer.clip: with consistency: "));
    }
    std::string job = Job(kSoftmax, loose);
    job.replace(job.find("{sgd: {}}"), 9, "{sgd: {}, clip: {value: 1}}");
    CHECK(Error(job).empty());
  }
}

TEST_CASE("A log of every batch needs checkpoints on the way, or it would grow without end") {
  CHECK_THAT(Error(Job(kSoftmax, "durability: batch\n")),
             StartsWith("job.yaml:6:13: durability: batch keeps a log from one checkpoint to the next, and there are "
                        "none on the way"));
  CHECK(Error(Job(kSoftmax, "durability: batch\ncheckpoint: {every_batches: 100}\n")).empty());
}

}  // namespace
}  // namespace pumasi
