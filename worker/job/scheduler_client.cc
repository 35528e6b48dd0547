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
  if (!calls_.Begin(&context, this)) return absl::CancelledError("the job was dropped");
  const grpc::Status status = call(&context);
  calls_.End(&context);
  if (calls_.cancelled()) return absl::CancelledError("the job was dropped");
  return ToAbsl(status);
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

void SchedulerClient::LeaseUnits(v1::LeaseUnitsRequest request, Leased done) {
  struct Call {
    grpc::ClientContext context;
    v1::LeaseUnitsRequest request;
    v1::LeaseUnitsResponse response;
  };
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->context.set_deadline(std::chrono::system_clock::now() + call_timeout_);
  if (!calls_.Begin(&call->context, this)) return;
  stub_.async()->LeaseUnits(&call->context, &call->request, &call->response,
                            [this, call, done = std::move(done)](const grpc::Status& end) {
                              if (end.ok()) {
                                done(std::move(call->response));
                              } else {
                                done(ToAbsl(end));
                              }
                              calls_.End(&call->context);
                            });
}

v1::ReportFailureRequest SchedulerClient::Failure(const std::string& message) const {
  v1::ReportFailureRequest request;
  request.set_incarnation(incarnation_);
  request.set_job_id(job_id_);
  request.set_message(message);
  return request;
}

absl::Status SchedulerClient::ReportFailure(const std::string& message) {
  v1::ReportFailureResponse response;
  return Do([&](grpc::ClientContext* context) { return stub_.ReportFailure(context, Failure(message), &response); });
}

absl::StatusOr<v1::MeetGroupResponse> SchedulerClient::MeetGroup(v1::MeetGroupRequest request) {
  request.set_incarnation(incarnation_);
  request.set_job_id(job_id_);
  v1::MeetGroupResponse response;
  absl::Status status = Do([&](grpc::ClientContext* context) { return stub_.MeetGroup(context, request, &response); });
  if (!status.ok()) return status;
  return response;
}

void SchedulerClient::SendFailure(const std::string& message, bool goes_on) {
  struct Call {
    grpc::ClientContext context;
    v1::ReportFailureRequest request;
    v1::ReportFailureResponse response;
  };
  auto call = std::make_shared<Call>();
  call->request = Failure(message);
  call->request.set_goes_on(goes_on);
  call->context.set_deadline(std::chrono::system_clock::now() + call_timeout_);
  if (!calls_.Begin(&call->context, this)) return;
  stub_.async()->ReportFailure(&call->context, &call->request, &call->response,
                               [this, call](const grpc::Status&) { calls_.End(&call->context); });
}

}  // namespace pumasi
