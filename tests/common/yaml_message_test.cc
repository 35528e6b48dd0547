#include "common/yaml_message.h"

#include <catch2/catch.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/field_rules.h"
#include "proto/job.pb.h"

namespace pumasi {
namespace {

// What the schema offers; the messages list it.
const std::string kLayers =
    "embedding, lstm, dense, gru, dropout, spatial_dropout1d, conv1d, global_max_pooling1d, global_average_pooling1d, "
    "attention, layer_normalization, batch_normalization, flatten, concatenate";
const std::string kOptimizers = "adam, sgd, adagrad, adadelta, rmsprop, adamw, lazy_adam, ftrl, count";

// The error of reading `text` as a job.
std::string ErrorOf(const std::string& text) {
  v1::Job job;
  return std::string(ParseYamlMessage(text, "job.yaml", &job).message());
}

constexpr char kSections[] = R"(name: sections
data: {train: train.csv, test: test.csv, format: csv, text: [name, description], label: section}
tokenizer: {kind: words, lower: true, vocabulary: 50000, max_length: 20}
model:
  - embedding: {width: 100}
  - lstm: {units: 128}
  - dense: {activation: softmax}
loss: cross_entropy
optimizer: {adam: {learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1.0e-8}}
batch: 64
micro_batches: 4
epochs: 4
seed: 1
mode: ps
consistency: sync
)";

TEST_CASE("a whole job file is read") {
  v1::Job job;
  SourceMap source;
  REQUIRE(ParseYamlMessage(kSections, "job.yaml", &job, &source).ok());
  CHECK(job.name() == "sections");
  REQUIRE(job.data().text_size() == 2);
  CHECK(job.data().text(1) == "description");
  CHECK(job.data().format() == v1::FORMAT_CSV);
  CHECK(job.tokenizer().kind() == v1::TOKENIZER_KIND_WORDS);
  CHECK(job.tokenizer().lower());
  REQUIRE(job.model_size() == 3);
  CHECK(job.model(0).embedding().width() == 100);
  CHECK(job.model(1).lstm().units() == 128);
  CHECK(job.model(2).dense().activation() == v1::ACTIVATION_SOFTMAX);
  CHECK(job.optimizer().adam().epsilon() == 1e-8);
  CHECK(job.mode() == v1::MODE_PS);
  CHECK(CompleteMessage(&job, source).ok());

  CHECK(source.At("model[1].lstm.units") == "job.yaml:6:19");
  CHECK(source.At("batch") == "job.yaml:10:8");
  CHECK(source.At("model[2].dense.units") == "job.yaml:7:5");
  CHECK(source.At("checkpoint.keep") == "job.yaml");
}

TEST_CASE("JSON as protobuf prints it is read") {
  v1::Job job;
  REQUIRE(ParseYamlMessage(R"({"name": "x", "seed": "18446744073709551615", "mode": "MODE_PS", "batch": 8})", "f", &job)
              .ok());
  CHECK(job.seed() == 18446744073709551615u);
  CHECK(job.mode() == v1::MODE_PS);
  CHECK(job.batch() == 8);
}

TEST_CASE("one scalar stands for a list of one, and null or {} for a message with nothing in it") {
  v1::Job job;
  REQUIRE(ParseYamlMessage("data: {text: document}\noptimizer:\n  sgd:\n", "f", &job).ok());
  REQUIRE(job.data().text_size() == 1);
  CHECK(job.data().text(0) == "document");
  CHECK(job.optimizer().has_sgd());
  REQUIRE(ParseYamlMessage("optimizer: {adam: {}}", "f", &job).ok());
  CHECK(job.optimizer().has_adam());
  CHECK_FALSE(job.has_data());
}

TEST_CASE("text fields take what looks like a number, and round numbers may be written 1e6") {
  v1::Job job;
  REQUIRE(ParseYamlMessage("name: 2024\ndata: {train: '~', synthetic: {rows: 1e6}}", "f", &job).ok());
  CHECK(job.name() == "2024");
  CHECK(job.data().train() == "~");
  CHECK(job.data().synthetic().rows() == 1000000);
}

TEST_CASE("unknown fields are refused with place and nearest name") {
  CHECK(ErrorOf("name: x\nmodel:\n  - embedding: {width: 4}\n  - lstm: {unitz: 4}\n") ==
        "job.yaml:4:12: model[1].lstm.unitz: unknown field; did you mean 'units'?");
  CHECK(ErrorOf("optimiser: {sgd: {}}") == "job.yaml:1:1: optimiser: unknown field; did you mean 'optimizer'?");
  CHECK(ErrorOf("model:\n  - convolution: {}\n") ==
        "job.yaml:2:5: model[0].convolution: unknown field; valid: " + kLayers);
  CHECK(ErrorOf("loss: cross_entropi") ==
        "job.yaml:1:7: loss: 'cross_entropi' is not a valid value; did you mean 'cross_entropy'?");
  CHECK(ErrorOf("mode: MODE_UNSPECIFIED") ==
        "job.yaml:1:7: mode: 'MODE_UNSPECIFIED' is not a valid value; valid: ps, allreduce, hybrid");
}

TEST_CASE("ill-typed values are refused with what stands there and what is wanted") {
  CHECK(ErrorOf("batch: many") == "job.yaml:1:8: batch: 'many' is not a whole number");
  CHECK(ErrorOf("batch: 1.5") == "job.yaml:1:8: batch: '1.5' is not a whole number");
  CHECK(ErrorOf("batch: -1") == "job.yaml:1:8: batch: '-1' is out of range; it must be from 0 to 4294967295");
  CHECK(ErrorOf("batch: 4294967296") ==
        "job.yaml:1:8: batch: '4294967296' is out of range; it must be from 0 to 4294967295");
  CHECK(ErrorOf("seed: 18446744073709551616") ==
        "job.yaml:1:7: seed: '18446744073709551616' is out of range; it must be from 0 to 18446744073709551615");
  CHECK(ErrorOf("batch: [1]") == "job.yaml:1:8: batch: a list stands where a whole number is wanted");
  CHECK(ErrorOf("batch:\nname: x") == "job.yaml:1:1: batch: nothing stands where a whole number is wanted");
  CHECK(ErrorOf("name: {a: 1}") == "job.yaml:1:7: name: a mapping stands where text is wanted");
  CHECK(ErrorOf("stall_timeout: .nan") == "job.yaml:1:16: stall_timeout: '.nan' is not a number");
  CHECK(ErrorOf("stall_timeout: 1e999") == "job.yaml:1:16: stall_timeout: '1e999' is not a finite number");
  CHECK(ErrorOf("stall_timeout: '5'") ==
        "job.yaml:1:16: stall_timeout: the text '5' stands where a number is wanted; leave out the quotes");
  CHECK(ErrorOf("tokenizer: {lower: yes}") == "job.yaml:1:20: tokenizer.lower: 'yes' is not true or false");
  CHECK(ErrorOf("optimizer: adam") ==
        "job.yaml:1:12: optimizer: 'adam' stands where a mapping is wanted; valid keys: " + kOptimizers +
            ", schedule, clip, l2");
  CHECK(ErrorOf("model: {lstm: {units: 3}}") ==
        "job.yaml:1:8: model: a mapping stands where a list is wanted; begin each entry with '- '");
  CHECK(ErrorOf("- a\n- b") ==
        "job.yaml:1:1: a list stands where a mapping is wanted; valid keys: name, data, tokenizer, model, loss, "
        "optimizer, "
        "batch, micro_batches, split, epochs, seed, mode, consistency, checkpoint, slots, stall_timeout, "
        "prepare_timeout, "
        "label_smoothing, class_weights, compute, top_k, replicas, backup_workers, recover_timeout, durability, wire, "
        "wire_fraction, allreduce, average_every");
  CHECK(ErrorOf("data: {text: [[a]]}") == "job.yaml:1:15: data.text[0]: a list stands where text is wanted");
  CHECK(ErrorOf("model:\n  -\n") ==
        "job.yaml:3:1: model[0]: nothing stands where a mapping with keys " + kLayers + " is wanted");
}

TEST_CASE("a choice that has a fallback may be given by name") {
  const auto read = [](const std::string& yaml) {
    v1::Job job;
    REQUIRE(ParseYamlMessage(yaml, "job.yaml", &job).ok());
    REQUIRE(ApplyFallbacks(&job).ok());
    return job.consistency();
  };
  CHECK(read("name: x").has_sync());
  CHECK(read("consistency: sync").has_sync());
  CHECK(read("consistency: async").has_async());
  CHECK(read("consistency: {async: {}}").has_async());
  CHECK(read("consistency: bounded").bounded().staleness() == 2);
  CHECK(read("consistency: {bounded: {staleness: 5}}").bounded().staleness() == 5);
  CHECK(ErrorOf("consistency: asynch") ==
        "job.yaml:1:14: consistency: 'asynch' is not a valid value; did you mean 'async'?");
  CHECK(ErrorOf("consistency: [async]") ==
        "job.yaml:1:14: consistency: a list stands where a mapping is wanted; valid keys: sync, async, bounded");
}

TEST_CASE("two fields of one oneof, keys given twice and keys that are no names are refused") {
  CHECK(ErrorOf("optimizer:\n  adam: {}\n  sgd: {}\n") ==
        "job.yaml:3:3: optimizer: both adam and sgd are given; only one of " + kOptimizers + " may be");
  CHECK(ErrorOf("batch: 1\nbatch: 2\n") == "job.yaml:2:1: batch: given twice");
  CHECK(ErrorOf("? [a]\n: 1\n") == "job.yaml:1:3: a list stands where a key is wanted");
}

TEST_CASE("what is not one YAML document of text is refused") {
  CHECK(ErrorOf("name: a\n---\nname: b\n") == "job.yaml:2:1: a second document begins here; one is wanted");
  CHECK(ErrorOf("name: [a\n").substr(0, 9) == "job.yaml:");
  CHECK(ErrorOf("name: a\n\tbatch: 1").find("not valid YAML") != std::string::npos);
  CHECK(ErrorOf("name: \xff") == "job.yaml:1:7: not UTF-8");
  CHECK(ErrorOf(std::string("name: \0", 7)) == "job.yaml:1:7: a NUL character; is this YAML?");
  CHECK(ErrorOf(std::string(kLargestYaml + 1, ' ')) == "job.yaml: 1048577 bytes of YAML; at most 1048576 are read");
  CHECK(ErrorOf("name: !!str a") == "job.yaml:1:7: name: tags such as tag:yaml.org,2002:str have no meaning here");
  CHECK(ErrorOf("name: *a").find("job.yaml:1:7: not valid YAML") == 0);
  CHECK(ErrorOf(",").find("job.yaml:1:1:") == 0);
  CHECK(ErrorOf("[],").find("job.yaml:1:3: a second document") == 0);
  CHECK(ErrorOf("") == "");
  CHECK(ErrorOf("# nothing\n---\n...\n") == "");
}

TEST_CASE("files made to exhaust memory or stack end in an error") {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    absl::StrAppend(&bomb, "a", i, ": &a", i, " [");
    for (int j = 0; j < 10; ++j) absl::StrAppend(&bomb, j == 0 ? "" : ",", "*a", i - 1);
    bomb += "]\n";
  }
  CHECK(ErrorOf(bomb).find("unknown field") != std::string::npos);

  // Within the schema: a list of many layers, all one alias to a layer of many keys, stays small; a list of texts
  // grows.
  std::string wide = "data: {text: &t [";
  for (int i = 0; i < 100000; ++i) wide += i == 0 ? "x" : ",x";
  CHECK(ErrorOf(wide + "]}\n").empty());
  std::string many = "data: {text: [";
  for (int i = 0; i < 250000; ++i) many += i == 0 ? "x" : ",x";
  CHECK(ErrorOf(many + "]}\n").find("more than 200000 values") != std::string::npos);

  CHECK(ErrorOf("model: &m [*m]").find("job.yaml:1:") == 0);
  CHECK(ErrorOf("data: &d\n  synthetic: *d\n").find("job.yaml:2:") == 0);
  for (const char* open : {"[", "{", "- ", "? ", "{a: ", "[[{a: "}) {
    std::string deep;
    while (deep.size() < 100000) deep += open;
    CAPTURE(open);
    CHECK_FALSE(ErrorOf(deep).empty());
  }
}

TEST_CASE("random damage to a job file never throws or crashes") {
  uint32_t state = 12345;
  const auto draw = [&state](uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
  };
  const std::string base = kSections;
  const std::string alphabet = "{}[]:-,&*!?|>'\"#%@`\n\t ~a1.\xc3\xa9";
  for (int round = 0; round < 3000; ++round) {
    std::string text = base;
    for (uint32_t i = 0, changes = 1 + draw(4); i < changes; ++i) {
      const size_t at = draw(static_cast<uint32_t>(text.size()));
      const char c = alphabet[draw(static_cast<uint32_t>(alphabet.size()))];
      if (draw(2) == 0) {
        text[at] = c;
      } else {
        text.insert(at, 1, c);
      }
    }
    CAPTURE(round, text);
    v1::Job job;
    SourceMap source;
    const absl::Status status = ParseYamlMessage(text, "job.yaml", &job, &source);
    if (!status.ok()) CHECK(status.message().substr(0, 9) == "job.yaml:");
    if (status.ok()) CompleteMessage(&job, source).IgnoreError();
  }
}

}  // namespace
}  // namespace pumasi
