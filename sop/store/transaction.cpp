
#include "sop/store/connection.h"
#include "sop/store/schema.h"
#include "sop/store/store.h"

namespace sop::store {

Transaction::Transaction(Connection& connection) : Reader(connection) {
  connection_->Execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    connection_->Execute("ROLLBACK");
  } catch (const StoreError&) {
    // The engine has rolled back by itself (disk full, for example): nothing is left to undo.
  }
}

void Transaction::Mark() { connection_->Execute("SAVEPOINT part"); }

void Transaction::KeepMarked() { connection_->Execute("RELEASE SAVEPOINT part"); }

void Transaction::UndoMarked() {
  connection_->Execute("ROLLBACK TO SAVEPOINT part");
  connection_->Execute("RELEASE SAVEPOINT part");
}

void Transaction::AppendEvent(const EventRow& event) {
  connection_->Run(
      "INSERT INTO event (idx, line, leaf_hash, recorded_ms) VALUES (:p1, :p2, :p3, :p4)",
      {event.idx, event.line, event.leaf_hash, event.recorded_ms});
}

void Transaction::AppendCheckpoint(const CheckpointRow& checkpoint) {
  connection_->Run("INSERT INTO checkpoint (tree_size, note) VALUES (:p1, :p2)",
                   {checkpoint.tree_size, checkpoint.note});
}

void Transaction::PutTile(const TileRow& tile) {
  connection_->Run(kPutTile, {tile.level, tile.idx, tile.hashes});
}

void Transaction::Put(Table table, const RegisterRow& row) {
  Close(table, row.id, row.from_index);
  connection_->Run("INSERT INTO " + std::string(Name(table)) +
                       " (id, scope, from_index, to_index, recorded_ms, body) "
                       "VALUES (:p1, :p2, :p3, :p4, :p5, :p6)",
                   {row.id, row.scope, row.from_index, row.to_index, row.recorded_ms, row.body});
}

void Transaction::Close(Table table, std::string_view id, std::int64_t at_index) {
  connection_->Run("UPDATE " + std::string(Name(table)) +
                       " SET to_index = :p1 WHERE id = :p2 AND to_index = :p3",
                   {at_index, std::string(id), kForever});
}

void Transaction::AddMeasurement(const MeasurementRow& row) {
  connection_->Run(
      "INSERT INTO measurement (measurement_key, instrument, configuration, procedure_id, purpose, "
      "acquired_at, acquired_ms, received_at, idx, decided_idx, outcome, review, body) VALUES "
      "(:p1, :p2, :p3, :p4, :p5, :p6, :p7, :p8, :p9, :p10, :p11, :p12, :p13)",
      {row.key, row.instrument, row.configuration, row.procedure, row.purpose, row.acquired_at,
       row.acquired_ms, row.received_at, row.idx, row.decided_idx, row.outcome, row.review,
       row.body});
}

void Transaction::AddQuantity(const QuantityRow& row) {
  connection_->Run(
      "INSERT INTO quantity (measurement_key, position, subject, quantity, definition, channel, "
      "qualifier, acquired_ms, decided_idx, body) VALUES "
      "(:p1, :p2, :p3, :p4, :p5, :p6, :p7, :p8, :p9, :p10)",
      {row.measurement, row.position, row.subject, row.quantity, row.definition, row.channel,
       row.qualifier, row.acquired_ms, row.decided_idx, row.body});
}

void Transaction::AddToken(const TokenRow& row) {
  connection_->Run("INSERT INTO token (digest, subject, role) VALUES (:p1, :p2, :p3)",
                   {row.digest, row.subject, row.role});
}

void Transaction::SetInbox(const InboxRow& row) {
  connection_->Run("DELETE FROM inbox WHERE agent = :p1", {row.agent});
  connection_->Run("INSERT INTO inbox (agent, reported_at, body) VALUES (:p1, :p2, :p3)",
                   {row.agent, row.reported_at, row.body});
}

void Transaction::Commit() {
  connection_->Execute("COMMIT");
  open_ = false;
}

}  // namespace sop::store
