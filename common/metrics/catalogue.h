// common/metrics/catalogue.h: every metric of the suite, with its labels, type and meaning.
//
// Counters without further words count since the process began; those of what is `ever` so are read
// from the databases and outlive it. /metrics also shows `exposer_...`, which Prometheus's own
// library counts about its answers.
#ifndef CLV_COMMON_METRICS_CATALOGUE_H_
#define CLV_COMMON_METRICS_CATALOGUE_H_

#include "common/metrics/metrics.h"

namespace clv::metrics {

// One entry: name and labels, type, meaning.
// clang-format off

// ---- gRPC, in every process that serves it. Series appear with their first call.
inline constexpr Metric kRpcRequests{
    "clv_rpc_requests_total", "service method code", Type::kCounter,
    "Calls ended, by gRPC code; on /v0, where gRPC always says OK, by the code that the handler "
    "ended with"};
inline constexpr Metric kRpcV0Requests{
    "clv_rpc_v0_requests_total", "service method http_status", Type::kCounter,
    "Calls of the /v0 face ended, by HTTP status"};
inline constexpr Metric kRpcRequestDuration{
    "clv_rpc_request_duration_seconds", "service method", Type::kSecondsHistogram,
    "Time from a call's arrival to its end; of a stream as a whole"};

// ---- Ingest
inline constexpr Metric kIngestAcceptedRows{
    "clv_ingest_accepted_rows_total", "data_source", Type::kCounter,
    "Valid rows that became durable"};
inline constexpr Metric kIngestQuarantinedRows{
    "clv_ingest_quarantined_rows_total", "data_source column", Type::kCounter,
    "Rows put into quarantine, each counted once, under its first broken column; (text): no JSON "
    "object"};
inline constexpr Metric kIngestRefusedErasedRows{
    "clv_ingest_refused_erased_rows_total", "", Type::kCounter,
    "Rows ever refused because they name an erased customer"};
inline constexpr Metric kIngestErasedCustomers{
    "clv_ingest_erased_customers_total", "", Type::kCounter,
    "Customers ever erased"};
inline constexpr Metric kIngestQueuedRows{
    "clv_ingest_queued_rows", "", Type::kGauge,
    "Rows waiting for their commit"};
inline constexpr Metric kIngestQueuedBytes{
    "clv_ingest_queued_bytes", "", Type::kGauge,
    "Memory that these rows occupy, about"};
inline constexpr Metric kIngestLogPosition{
    "clv_ingest_log_position", "", Type::kGauge,
    "Last position in the log; 0 when nothing was ever written"};
inline constexpr Metric kIngestFirstRetainedPosition{
    "clv_ingest_first_retained_position", "", Type::kGauge,
    "First position that the log retains; 0 when it is empty"};
inline constexpr Metric kIngestQuarantineRows{
    "clv_ingest_quarantine_rows", "data_source", Type::kGauge,
    "Rows held in quarantine"};
inline constexpr Metric kIngestQuarantineDroppedRows{
    "clv_ingest_quarantine_dropped_rows_total", "data_source", Type::kCounter,
    "Rows ever dropped from the quarantine because it was full or they were too old"};
inline constexpr Metric kIngestAppendDuration{
    "clv_ingest_append_duration_seconds", "", Type::kSecondsHistogram,
    "Time of a commit to the log"};
inline constexpr Metric kIngestAppendGroup{
    "clv_ingest_append_group_writes", "", Type::kCountHistogram,
    "Writes that shared a commit"};
inline constexpr Metric kIngestFailedAppends{
    "clv_ingest_failed_appends_total", "", Type::kCounter,
    "Commits to the log that failed; their writes were refused"};
inline constexpr Metric kIngestDatabaseBytes{
    "clv_ingest_database_bytes", "database", Type::kGauge,
    "Size of a database that ingest writes, without its write-ahead file"};
inline constexpr Metric kIngestWalBytes{
    "clv_ingest_wal_bytes", "database", Type::kGauge,
    "Size of its write-ahead file"};
inline constexpr Metric kIngestWaitingJobs{
    "clv_ingest_waiting_jobs", "kind", Type::kGauge,
    "Jobs of ingest accepted and not begun"};
inline constexpr Metric kIngestRunningJobs{
    "clv_ingest_running_jobs", "kind", Type::kGauge,
    "Jobs of ingest at work"};
inline constexpr Metric kIngestJobProgress{
    "clv_ingest_job_progress_ratio", "kind", Type::kGauge,
    "Share done of the job at work, 0 to 1; of several of a kind the least; absent when there is "
    "none"};

// ---- Aggregation
inline constexpr Metric kAggregationFoldedPosition{
    "clv_aggregation_folded_position", "", Type::kGauge,
    "Last log position that is folded and announced"};
inline constexpr Metric kAggregationLogPosition{
    "clv_aggregation_log_position", "", Type::kGauge,
    "Last position in the log"};
inline constexpr Metric kAggregationLagRows{
    "clv_aggregation_lag_rows", "", Type::kGauge,
    "Rows in the log that are not folded and announced yet"};
inline constexpr Metric kAggregationLag{
    "clv_aggregation_lag_seconds", "", Type::kGauge,
    "Age of the oldest record that is not folded and announced yet; 0 when there is none"};
inline constexpr Metric kAggregationFoldedRows{
    "clv_aggregation_folded_rows_total", "", Type::kCounter,
    "Rows folded"};
inline constexpr Metric kAggregationDuplicateRows{
    "clv_aggregation_duplicate_rows_total", "", Type::kCounter,
    "Rows ever folded that were equal to their key's winner and changed nothing"};
inline constexpr Metric kAggregationSupersededRows{
    "clv_aggregation_superseded_rows_total", "", Type::kCounter,
    "Rows ever folded that lost against a newer version and changed nothing"};
inline constexpr Metric kAggregationRemovedRows{
    "clv_aggregation_removed_rows_total", "", Type::kCounter,
    "Rows ever removed by deletion, replacement, truncation or erasure"};
inline constexpr Metric kAggregationDeadLetters{
    "clv_aggregation_dead_letters", "", Type::kGauge,
    "Rows held that could not be folded and were set aside"};
inline constexpr Metric kAggregationCustomers{
    "clv_aggregation_customers", "", Type::kGauge,
    "Customers known in any way"};
inline constexpr Metric kAggregationPurchases{
    "clv_aggregation_purchases", "", Type::kGauge,
    "Purchase rows (winning versions)"};
inline constexpr Metric kAggregationStopped{
    "clv_aggregation_stopped", "", Type::kGauge,
    "1 when the worker has given up folding, else 0"};
inline constexpr Metric kAggregationFoldDuration{
    "clv_aggregation_fold_duration_seconds", "", Type::kSecondsHistogram,
    "Time of a fold that took rows, from reading the log to its commit"};
inline constexpr Metric kAggregationFailedFolds{
    "clv_aggregation_failed_folds_total", "", Type::kCounter,
    "Folds that ended with an error; all but final ones are tried again"};
inline constexpr Metric kAggregationDatabaseBytes{
    "clv_aggregation_database_bytes", "database", Type::kGauge,
    "Size of a database that aggregation writes, without its write-ahead file"};
inline constexpr Metric kAggregationWalBytes{
    "clv_aggregation_wal_bytes", "database", Type::kGauge,
    "Size of its write-ahead file"};
inline constexpr Metric kAggregationWaitingJobs{
    "clv_aggregation_waiting_jobs", "kind", Type::kGauge,
    "Jobs accepted and not begun"};
inline constexpr Metric kAggregationRunningJobs{
    "clv_aggregation_running_jobs", "kind", Type::kGauge,
    "Jobs at work"};
inline constexpr Metric kAggregationJobProgress{
    "clv_aggregation_job_progress_ratio", "kind", Type::kGauge,
    "Share done of the job at work, 0 to 1; of several of a kind the least; absent when there is "
    "none"};

// ---- Query
inline constexpr Metric kQueryReports{
    "clv_query_reports_total", "report code", Type::kCounter,
    "Reports computed for either face, by gRPC code; what is refused before is counted by "
    "clv_rpc_requests_total"};
inline constexpr Metric kQueryReportDuration{
    "clv_query_report_duration_seconds", "report", Type::kSecondsHistogram,
    "Time to compute a report"};
inline constexpr Metric kQueryFoldedPosition{
    "clv_query_folded_position", "", Type::kGauge,
    "Last log position that reports contain"};
inline constexpr Metric kQueryDatabaseBytes{
    "clv_query_database_bytes", "database", Type::kGauge,
    "Size of a database that reports read, without its write-ahead file"};
inline constexpr Metric kQueryWalBytes{
    "clv_query_wal_bytes", "database", Type::kGauge,
    "Size of its write-ahead file"};
inline constexpr Metric kQueryProjectionVersions{
    "clv_query_projection_versions_total", "", Type::kCounter,
    "Versions of the projection made since the start"};
inline constexpr Metric kQueryProjectionCustomers{
    "clv_query_projection_customers", "", Type::kGauge,
    "Customers in the projection that answers reports"};
inline constexpr Metric kQueryProjectionOrders{
    "clv_query_projection_orders", "", Type::kGauge,
    "Orders in it"};
inline constexpr Metric kQueryProjectionBytes{
    "clv_query_projection_bytes", "", Type::kGauge,
    "Memory that its newest version takes"};
inline constexpr Metric kQuerySnapshotBytes{
    "clv_query_snapshot_bytes", "", Type::kGauge,
    "Size of the file that it starts from"};

// ---- Gateway
inline constexpr Metric kGatewayRequests{
    "clv_gateway_requests_total", "rule status", Type::kCounter,
    "HTTP requests answered, by rule (method and path template; (none): no rule) and HTTP status"};
inline constexpr Metric kGatewayRequestDuration{
    "clv_gateway_request_duration_seconds", "rule", Type::kSecondsHistogram,
    "Time from the whole head of a request to its answer"};
inline constexpr Metric kGatewayOpenConnections{
    "clv_gateway_open_connections", "", Type::kGauge,
    "Connections open"};
inline constexpr Metric kGatewayRefusedConnections{
    "clv_gateway_refused_connections_total", "", Type::kCounter,
    "Connections turned away because there were too many"};
inline constexpr Metric kGatewayReceivedBytes{
    "clv_gateway_received_bytes_total", "", Type::kCounter,
    "Bytes received from clients, heads included"};
inline constexpr Metric kGatewaySentBytes{
    "clv_gateway_sent_bytes_total", "", Type::kCounter,
    "Bytes sent to clients, heads included"};

// ---- The process
inline constexpr Metric kProcessBuildInfo{
    "clv_process_build_info", "program version", Type::kGauge,
    "Always 1; its labels say what runs"};
inline constexpr Metric kProcessStartTime{
    "clv_process_start_time_seconds", "", Type::kGauge,
    "When the process began, seconds since 1970-01-01 UTC"};
inline constexpr Metric kProcessResidentMemory{
    "clv_process_resident_memory_bytes", "", Type::kGauge,
    "Memory that the process holds in RAM"};
inline constexpr Metric kProcessCpu{
    "clv_process_cpu_seconds_total", "", Type::kCounter,
    "Processor time used, in user and system mode"};
inline constexpr Metric kProcessFailedCollections{
    "clv_process_failed_collections_total", "collector", Type::kCounter,
    "Scrapes in which the numbers of a part of the process could not be read and are missing"};

// clang-format on

// All of them, for tests and for whoever lists them.
inline constexpr const Metric* kAllMetrics[] = {
    &kRpcRequests, &kRpcV0Requests, &kRpcRequestDuration,
    // Ingest
    &kIngestAcceptedRows, &kIngestQuarantinedRows, &kIngestRefusedErasedRows,
    &kIngestErasedCustomers, &kIngestQueuedRows, &kIngestQueuedBytes, &kIngestLogPosition,
    &kIngestFirstRetainedPosition, &kIngestQuarantineRows, &kIngestQuarantineDroppedRows,
    &kIngestAppendDuration, &kIngestAppendGroup, &kIngestFailedAppends, &kIngestDatabaseBytes,
    &kIngestWalBytes, &kIngestWaitingJobs, &kIngestRunningJobs, &kIngestJobProgress,
    // Aggregation
    &kAggregationFoldedPosition, &kAggregationLogPosition, &kAggregationLagRows, &kAggregationLag,
    &kAggregationFoldedRows, &kAggregationDuplicateRows, &kAggregationSupersededRows,
    &kAggregationRemovedRows, &kAggregationDeadLetters, &kAggregationCustomers,
    &kAggregationPurchases, &kAggregationStopped, &kAggregationFoldDuration,
    &kAggregationFailedFolds, &kAggregationDatabaseBytes, &kAggregationWalBytes,
    &kAggregationWaitingJobs, &kAggregationRunningJobs, &kAggregationJobProgress,
    // Query
    &kQueryReports, &kQueryReportDuration, &kQueryFoldedPosition, &kQueryDatabaseBytes,
    &kQueryWalBytes, &kQueryProjectionVersions, &kQueryProjectionCustomers, &kQueryProjectionOrders,
    &kQueryProjectionBytes, &kQuerySnapshotBytes,
    // Gateway
    &kGatewayRequests, &kGatewayRequestDuration, &kGatewayOpenConnections,
    &kGatewayRefusedConnections, &kGatewayReceivedBytes, &kGatewaySentBytes,
    // The process
    &kProcessBuildInfo, &kProcessStartTime, &kProcessResidentMemory, &kProcessCpu,
    &kProcessFailedCollections};

}  // namespace clv::metrics

#endif  // CLV_COMMON_METRICS_CATALOGUE_H_
