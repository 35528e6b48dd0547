#include "worker/job/scheduler_client.h"

#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "common/crc32c.h"
#include "common/file.h"
#include "common/rpc_error.h"

namespace pumasi {
namespace {

constexpr size_t kUploadChunk = 1 << 20;
// An upload may take as long as this rate needs: 1 MB/s.
constexpr uint64_t kSlowestBytesPerMs = 1000;

}  // namespace

template <typename Call>
absl::Status SchedulerClient::Do(Call call, std::chrono::milliseconds extra_time) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + call_timeout_ + extra_time);
  {
    std::lock_guard lock(mutex_);
    if (cancelled_) return absl::CancelledError("the job was dropped");
    in_flight_.insert(&context);
  }
  const grpc::Status status = call(&context);
  std::lock_guard lock(mutex_);
  in_flight_.erase(&context);
  if (cancelled_) return absl::CancelledError("the job was dropped");
  return ToAbsl(status);
}

void SchedulerClient::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (grpc::ClientContext* context : in_flight_) context->TryCancel();
}

absl::StatusOr<bool> SchedulerClient::ReportPrepared(const v1::DataSummary& data) {
  v1::ReportPreparedRequest request;
  request.set_incarnation(incarnation_);
  request.set_job_id(job_id_);
  *request.mutable_data() = data;
  v1::ReportPreparedResponse response;
  absl::Status status =
      Do([&](grpc::ClientContext* context) { return stub_.ReportPrepared(context, request, &response); });
  if (!status.ok()) return status;
  return response.upload();
}

absl::Status SchedulerClient::Upload(const std::vector<std::string>& paths) {
  absl::Status read;
  uint64_t bytes = 0;
  for (const std::string& path : paths) {
    std::error_code ignored;  // reading tells the reason
    const uintmax_t size = std::filesystem::file_size(path, ignored);
    if (!ignored) bytes += size;
  }
  const absl::Status sent = Do(
      [&](grpc::ClientContext* context) {
        v1::UploadAssetsResponse response;
        std::unique_ptr<grpc::ClientWriterInterface<v1::AssetChunk>> writer = stub_.UploadAssets(context, &response);
        v1::AssetChunk first;
        first.set_incarnation(incarnation_);
        first.set_job_id(job_id_);
        bool open = writer->Write(first);
        for (const std::string& path : paths) {
          auto contents = ReadFile(RealFiles(), path, uint64_t{1} << 30);
          if (!contents.ok()) {
            read = contents.status();
            context->TryCancel();
            break;
          }
          for (size_t at = 0; open && at < std::max<size_t>(contents->size(), 1); at += kUploadChunk) {
            v1::AssetChunk chunk;
            chunk.set_name(path.substr(path.rfind('/') + 1));
            chunk.set_data(contents->substr(at, kUploadChunk));
            chunk.set_crc32c(Crc32c(chunk.data()));
            open = writer->Write(chunk);
          }
        }
        v1::AssetChunk last;
        last.set_end(true);
        if (open) writer->Write(last);
        writer->WritesDone();
        return writer->Finish();
      },
      std::chrono::milliseconds(bytes / kSlowestBytesPerMs));
  return read.ok() ? sent : read;
}

absl::StatusOr<v1::LeaseUnitsResponse> SchedulerClient::LeaseUnits(v1::LeaseUnitsRequest request) {
  request.set_incarnation(incarnation_);
  request.set_job_id(job_id_);
  v1::LeaseUnitsResponse response;
  absl::Status status = Do([&](grpc::ClientContext* context) { return stub_.LeaseUnits(context, request, &response); });
  if (!status.ok()) return status;
  return response;
}

absl::Status SchedulerClient::ReportFailure(const std::string& message) {
  v1::ReportFailureRequest request;
  request.set_incarnation(incarnation_);
  request.set_job_id(job_id_);
  request.set_message(message);
  v1::ReportFailureResponse response;
  return Do([&](grpc::ClientContext* context) { return stub_.ReportFailure(context, request, &response); });
}

}  // namespace pumasi
