// Takes the chunks of one upload of a vocabulary's files.
#ifndef PUMASI_SCHEDULER_UPLOAD_REACTOR_H_
#define PUMASI_SCHEDULER_UPLOAD_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <utility>

#include "common/rpc_error.h"
#include "scheduler/asset_store.h"

namespace pumasi {

// Deletes itself once the call is over. `finish` gets the whole upload, and its answer is the call's.
class UploadReactor : public grpc::ServerReadReactor<v1::AssetChunk> {
 public:
  explicit UploadReactor(std::function<absl::Status(AssetUpload)> finish) : finish_(std::move(finish)) {
    StartRead(&chunk_);
  }
  void OnReadDone(bool ok) override {
    if (!ok && !upload_.complete()) return Finish(grpc::Status(grpc::StatusCode::ABORTED, "the upload broke off"));
    if (!ok) return Finish(ToGrpc(finish_(std::move(upload_))));
    if (absl::Status status = upload_.Add(chunk_); !status.ok()) return Finish(ToGrpc(status));
    StartRead(&chunk_);
  }
  void OnDone() override { delete this; }

 private:
  const std::function<absl::Status(AssetUpload)> finish_;
  v1::AssetChunk chunk_;
  AssetUpload upload_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_UPLOAD_REACTOR_H_
