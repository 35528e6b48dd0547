#include "scheduler/norm_round.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace pumasi {

absl::StatusOr<std::optional<std::vector<double>>> NormRound::Take(const v1::CombineNormsRequest& request,
                                                                   const std::set<uint64_t>& servers, size_t tables) {
  if (answered_version_ == request.version()) return answer_;
  if (request.tables_size() != static_cast<int>(tables)) {
    return absl::InvalidArgumentError(
        absl::StrCat("norms of ", request.tables_size(), " tables are given; the job has ", tables));
  }
  const bool older = (answered_version_ && request.version() < *answered_version_) ||
                     (!given_.empty() && request.version() != version_);
  if (older) {
    return absl::InvalidArgumentError(absl::StrCat("norms of batch ", request.version(),
                                                   " are given while those of batch ",
                                                   given_.empty() ? *answered_version_ : version_, " are gathered"));
  }
  std::vector<ExactSum> sums(tables);
  for (size_t table = 0; table < tables; ++table) {
    absl::Status read = ExactSum::FromMessage(request.tables(static_cast<int>(table)), &sums[table]);
    if (!read.ok()) return read;
  }
  if (!servers.count(request.incarnation())) return std::nullopt;
  version_ = request.version();
  if (given_.insert(request.incarnation()).second) {
    sums_.resize(tables);
    for (size_t table = 0; table < tables; ++table) sums_[table].Add(sums[table]);
  }
  if (given_.size() < servers.size()) return std::nullopt;
  answer_.clear();
  for (const ExactSum& sum : sums_) answer_.push_back(sum.Value());
  answered_version_ = version_;
  given_.clear();
  sums_.clear();
  return answer_;
}

void NormRound::Restart() {
  given_.clear();
  sums_.clear();
}

void NormRound::Restore(uint64_t version, std::vector<double> answer) {
  Restart();
  answered_version_ = version;
  answer_ = std::move(answer);
}

}  // namespace pumasi
