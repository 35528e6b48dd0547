#include "common/job_check.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/averaging.h"
#include "common/consistency.h"
#include "common/job_mode.h"
#include "common/model_plan.h"

namespace pumasi {
namespace {

absl::Status CheckTokenizer(const v1::Tokenizer& tokenizer, const SourceMap& source) {
  const bool keras = tokenizer.kind() == v1::TOKENIZER_KIND_KERAS;
  if (!keras && tokenizer.has_oov_token()) return source.Error("tokenizer.oov_token", "only kind: keras has one");
  if (!keras && tokenizer.has_filters()) return source.Error("tokenizer.filters", "only kind: keras has them");
  return absl::OkStatus();
}

// What stands between labels, where a row may have several.
absl::Status CheckSeparator(const v1::Job& job, const SourceMap& source) {
  const std::string& separator = job.data().label_separator();
  if (job.loss() == v1::LOSS_CROSS_ENTROPY) return absl::OkStatus();
  if (separator.empty()) {
    return source.Error("data.label_separator", "it is empty; say what stands between two labels, as in '|'");
  }
  constexpr char kOfNumbers[] = "0123456789+-.eE";
  if (job.loss() == v1::LOSS_MSE && separator.find_first_of(kOfNumbers) != std::string::npos) {
    return source.Error("data.label_separator",
                        absl::StrCat("'", separator, "' could be part of a number; take another, ", "such as '|'"));
  }
  return absl::OkStatus();
}

absl::Status CheckData(const v1::Job& job, const SourceMap& source) {
  const v1::Data& data = job.data();
  if (data.has_synthetic()) {
    if (data.has_train() || data.has_test()) {
      return source.Error("data.synthetic", "made-up rows and files (train, test) exclude each other");
    }
    if (job.has_tokenizer())
      return source.Error("tokenizer", "synthetic data are ids already: leave the tokenizer out");
    if (job.loss() != v1::LOSS_CROSS_ENTROPY) {
      return source.Error("loss", "made-up rows (data.synthetic) have one class each: loss has to be cross_entropy");
    }
    return absl::OkStatus();
  }
  if (!data.has_train()) return source.Error("data", "neither train (files) nor synthetic (made-up rows) is given");
  if (data.text().empty())
    return source.Error("data", "text is missing: the columns to read, as in text: [name, description]");
  if (!data.has_label()) return source.Error("data", "label is missing: the column with the classes or numbers");
  for (const std::string& column : data.text()) {
    if (column == data.label())
      return source.Error("data.label", absl::StrCat("column '", column, "' is a text column, too"));
  }
  if (!job.has_tokenizer()) return source.Error("data", "text needs a tokenizer, as in tokenizer: {kind: words}");
  if (absl::Status status = CheckTokenizer(job.tokenizer(), source); !status.ok()) return status;
  return CheckSeparator(job, source);
}

// Settings of the loss that the job's own has no use for.
absl::Status CheckLoss(const v1::Job& job, const SourceMap& source) {
  if (job.label_smoothing() > 0 && job.loss() == v1::LOSS_MSE) {
    return source.Error("label_smoothing", "with loss: mse there are no labels to smooth; leave it out");
  }
  if (job.class_weights_size() > 0 && job.loss() != v1::LOSS_CROSS_ENTROPY) {
    return source.Error("class_weights",
                        "they weigh rows by their one class, which only loss: cross_entropy has; leave them out");
  }
  return absl::OkStatus();
}

absl::Status CheckOptimizer(const v1::Job& job, const SourceMap& source) {
  if (job.optimizer().has_clip() && job.optimizer().clip().kind_case() == v1::Clip::KIND_NOT_SET) {
    return source.Error("optimizer.clip", "it has none of value, norm and global_norm, as in clip: {global_norm: 1}");
  }
  const bool test_rows = job.data().has_test() || job.data().synthetic().test_rows() > 0;
  if (job.optimizer().schedule().has_reduce_on_plateau() && !test_rows) {
    return source.Error("optimizer.schedule.reduce_on_plateau",
                        "it looks at the loss of test rows, and there are none; give data.test (or test_rows of "
                        "data.synthetic)");
  }
  if (job.optimizer().schedule().has_reduce_on_plateau() &&
      !(job.optimizer().schedule().reduce_on_plateau().factor() < 1)) {
    return source.Error("optimizer.schedule.reduce_on_plateau.factor", "it has to be below 1 for the rate to fall");
  }
  return absl::OkStatus();
}

absl::Status CheckWire(const v1::Job& job, const SourceMap& source) {
  const bool coded = job.wire() == v1::WIRE_ONEBIT || job.wire() == v1::WIRE_TOPK;
  const std::string name = job.wire() == v1::WIRE_ONEBIT ? "onebit" : "topk";
  constexpr double kUnsaidFraction = 0.01;  // its default in proto/job.proto
  if (job.wire() != v1::WIRE_TOPK && job.has_wire_fraction() && job.wire_fraction() != kUnsaidFraction) {
    return source.Error("wire_fraction",
                        "only wire: topk sends a share of a gradient's values; set wire: topk, or leave it out");
  }
  if (job.optimizer().has_count() && (job.wire() == v1::WIRE_BF16 || job.wire() == v1::WIRE_FP16)) {
    const bool bf16 = job.wire() == v1::WIRE_BF16;
    return source.Error("wire", absl::StrCat(bf16 ? "bf16 has 8 bits and rounds counts above 256"
                                                  : "fp16 has 11 bits and rounds counts above 2048",
                                             ", which optimizer: {count: {}} is to get exactly; take float32"));
  }
  if (job.optimizer().has_count() && coded) {
    return source.Error("wire", absl::StrCat(name,
                                             " sends less than each value, and optimizer: {count: {}} is to get all "
                                             "counts exactly; take float32"));
  }
  if (coded && (job.replicas() > 1 || WorkersReplicate(job))) {
    return source.Error(
        "wire", absl::StrCat(name,
                             " sends what depends on who computes: two copies of a slot would drift apart when a "
                             "worker dies between its pushes; take ",
                             KindsLieApart(job)      ? "mode: ps"
                             : WorkersReplicate(job) ? "allreduce: {state: sharded}"
                                                     : "replicas: 1",
                             ", or wire: float32 or bf16"));
  }
  if (coded && job.durability() == v1::DURABILITY_BATCH) {
    return source.Error("durability",
                        absl::StrCat("with wire: ", name,
                                     " what is pushed depends on what a worker's pushes lacked so far, so a batch that "
                                     "is trained again has other gradients, and logs of both could not be told apart; "
                                     "take checkpoint, or wire: float32, bf16 or fp16"));
  }
  return absl::OkStatus();
}

absl::Status CheckMode(const v1::Job& job, const SourceMap& source) {
  if (job.has_allreduce() && KindsLieApart(job)) {
    return source.Error("allreduce",
                        "it says where workers hold the parameters, and with mode: hybrid they hold the dense "
                        "tensors; leave it out");
  }
  if (job.has_allreduce() && !WorkersHoldSlots(job)) {
    return source.Error("allreduce",
                        "it says where workers hold the parameters, and in this mode servers do; leave it "
                        "out, or set mode: allreduce");
  }
  if (WorkersHoldAllSlots(job) && job.replicas() > 1) {
    return source.Error(
        "replicas",
        "with allreduce: {state: replicated} every worker holds a copy of each slot, whatever this says; "
        "leave it out");
  }
  return absl::OkStatus();
}

// What goes with sums that Gloo makes, of all workers' shares of a batch at once.
absl::Status CheckRing(const v1::Job& job, const SourceMap& source) {
  const bool ring = job.allreduce().reduction() == v1::REDUCTION_RING;
  if (!ring && job.allreduce().rows() == v1::ROW_REDUCTION_DENSE) {
    return source.Error("allreduce.rows", "dense is for comparisons with reduction: ring; take gather, or set that");
  }
  if (!ring || !WorkersHoldSlots(job)) return absl::OkStatus();
  const auto refuse = [&](const std::string& field, const std::string& why) {
    return source.Error(field, absl::StrCat("with allreduce: {reduction: ring} ", why));
  };
  if (!WorkersHoldAllSlots(job)) {
    return refuse("allreduce.reduction",
                  "each worker adds the sum to a copy of its own; take state: replicated, or reduction: tree");
  }
  if (job.backup_workers() > 0) {
    return refuse("backup_workers",
                  "each worker has its share of each batch, and nobody else computes it; leave it out");
  }
  if (job.durability() == v1::DURABILITY_BATCH) {
    return refuse("durability",
                  "a batch that is trained again has other sums, and logs of both could not be told apart; take "
                  "checkpoint, or reduction: tree");
  }
  if (job.wire() != v1::WIRE_FLOAT32) {
    return refuse("wire", "gradients travel as they are; take float32, or reduction: tree");
  }
  if (Averages(job)) return refuse("average_every", "gradients of each batch are summed; leave one of them out");
  const auto clip = job.optimizer().clip().kind_case();
  if (clip == v1::Clip::kNorm || clip == v1::Clip::kGlobalNorm) {
    return refuse("optimizer.clip",
                  "a batch is applied at once, and not after its norm; take clip: {value: ...}, or "
                  "reduction: tree");
  }
  return absl::OkStatus();
}

template <typename Layers>
bool HasBatchNormalization(const Layers& layers) {
  for (const v1::Layer& layer : layers) {
    if (layer.has_batch_normalization()) return true;
    for (const auto& branch : layer.concatenate().branches()) {
      if (HasBatchNormalization(branch.layers())) return true;
    }
  }
  return false;
}

// What needs that all see the same batches in the same order.
absl::Status CheckConsistency(const v1::Job& job, const SourceMap& source) {
  if (IsReproducible(job.consistency())) return absl::OkStatus();
  const bool async = IsAsync(job);
  const std::string name = async ? "async" : "bounded";
  const auto refuse = [&](const std::string& field, const std::string& why) {
    return source.Error(field, absl::StrCat("with consistency: ", name, " ", why));
  };
  if (!ServersHoldSlots(job)) {
    return source.Error("consistency",
                        absl::StrCat(name,
                                     " is for mode: ps and hybrid, whose servers hold rows; take sync, or one of "
                                     "these modes"));
  }
  if (job.replicas() > 1) {
    return refuse("replicas", async
                                  ? "two copies of a slot would apply updates in different orders and drift apart; "
                                    "take replicas: 1, or sync"
                                  : "a part that a dead worker pushed to one copy of a slot only is computed again "
                                    "with other parameters, and the two would drift apart; take replicas: 1, or sync");
  }
  const auto clip = job.optimizer().clip().kind_case();
  if (clip == v1::Clip::kNorm || clip == v1::Clip::kGlobalNorm) {
    return refuse("optimizer.clip",
                  absl::StrCat("a server applies what it has without waiting for others, so that there is no norm over "
                               "all of them; take clip: {value: ...}, or sync"));
  }
  if (job.durability() == v1::DURABILITY_BATCH) {
    return refuse("durability",
                  "a batch that is trained again has other gradients, and logs of both could not be told apart; take "
                  "checkpoint, or sync");
  }
  // (With mode: hybrid dense tensors, and these among them, are updated batch by batch.)
  if (async && !KindsLieApart(job) && HasBatchNormalization(job.model())) {
    return refuse("model",
                  "batch_normalization has no moving averages, as these sum up the shares of a batch's parts; take "
                  "layer_normalization, mode: hybrid, or bounded or sync");
  }
  return absl::OkStatus();
}

absl::Status CheckElastic(const v1::Job& job, const SourceMap& source) {
  const std::string field = "average_every.elastic";
  if (job.mode() != v1::MODE_PS) {
    return source.Error(field,
                        "servers keep the lanes' own parameters, for mode: ps alone; take it, or leave elastic out");
  }
  if (job.micro_batches() < 2 || job.micro_batches() > kMostElasticLanes) {
    return source.Error(
        "micro_batches",
        absl::StrCat("elastic averaging is among 2 to ", kMostElasticLanes, " lanes, which servers keep ",
                     "the parameters of; set so many, or leave average_every.elastic out"));
  }
  if (job.average_every().block_momentum() > 0) {
    return source.Error(field,
                        "lanes that keep their own way have no last move to go on with; leave out either elastic or "
                        "block_momentum");
  }
  if (job.durability() == v1::DURABILITY_BATCH) {
    return source.Error("durability",
                        "the log is of one gradient a batch, and with elastic averaging each lane's counts by itself; "
                        "take checkpoint");
  }
  if (HasBatchNormalization(job.model())) {
    return source.Error("model",
                        "with elastic averaging batch_normalization has no moving averages, as these are means of "
                        "lanes that see the same parameters; take layer_normalization, or leave elastic out");
  }
  return absl::OkStatus();
}

absl::Status CheckAveraging(const v1::Job& job, const SourceMap& source) {
  if (!Averages(job)) return absl::OkStatus();
  if (!IsReproducible(job.consistency())) {
    return source.Error(
        "average_every",
        "lanes meet at the end of a round, all of them: that is consistency: sync; leave one of them out");
  }
  if (job.optimizer().has_count()) {
    return source.Error("average_every",
                        "optimizer: {count: {}} counts what each batch has, and a mean over lanes is no count; leave "
                        "one of them out");
  }
  if (job.wire() == v1::WIRE_ONEBIT || job.wire() == v1::WIRE_TOPK) {
    return source.Error("wire",
                        "with average_every a push brings what many batches changed, once; onebit and topk shrink "
                        "gradients that come with every batch. Take float32, bf16 or fp16");
  }
  return IsElastic(job) ? CheckElastic(job, source) : absl::OkStatus();
}

}  // namespace

absl::Status CheckJob(const v1::Job& job, const SourceMap& source) {
  if (job.durability() == v1::DURABILITY_BATCH && job.checkpoint().every_batches() == 0) {
    return source.Error("durability",
                        "batch keeps a log from one checkpoint to the next, and there are none on the way: it would "
                        "grow without end; set checkpoint.every_batches");
  }
  if (!Averages(job) && job.batch() % job.micro_batches() != 0) {
    return source.Error("micro_batches",
                        absl::StrCat("a batch of ", job.batch(), " rows cannot be cut into ", job.micro_batches(),
                                     " equal parts; take a divisor of ", job.batch()));
  }
  if (absl::Status status = CheckMode(job, source); !status.ok()) return status;
  if (absl::Status status = CheckConsistency(job, source); !status.ok()) return status;
  if (absl::Status status = CheckRing(job, source); !status.ok()) return status;
  if (absl::Status status = CheckData(job, source); !status.ok()) return status;
  if (absl::Status status = CheckLoss(job, source); !status.ok()) return status;
  if (absl::Status status = CheckOptimizer(job, source); !status.ok()) return status;
  if (absl::Status status = CheckWire(job, source); !status.ok()) return status;
  if (absl::Status status = CheckAveraging(job, source); !status.ok()) return status;
  if (absl::Status status = CheckModel(job); !status.ok()) {
    return source.Error("model", absl::StripPrefix(status.message(), "model: "));
  }
  return absl::OkStatus();
}

}  // namespace pumasi
