
#include "sop/store/connection.h"
#include "sop/store/schema.h"
#include "sop/store/store.h"

namespace sop::store {

Transaction::Transaction(Connection& connection) : Reader(connection) {
  connection_->BeginWriting();
}

Transaction::~Transaction() {
  if (open_) connection_->Rollback();
}

void Transaction::Mark() { connection_->Mark(); }

void Transaction::KeepMarked() { connection_->KeepMarked(); }

void Transaction::UndoMarked() { connection_->UndoMarked(); }

void Transaction::AppendEvent(const EventRow& event) {
  connection_->Insert("event", "idx, line, leaf_hash, recorded_ms",
                      {event.idx, event.line, event.leaf_hash, event.recorded_ms});
}

void Transaction::AppendCheckpoint(const CheckpointRow& checkpoint) {
  connection_->Insert("checkpoint", "tree_size, note", {checkpoint.tree_size, checkpoint.note});
}

void Transaction::PutTile(const TileRow& tile) {
  connection_->Run(kPutTile, {tile.level, tile.idx, tile.hashes});
}

void Transaction::Put(Table table, const RegisterRow& row) {
  Close(table, row.id, row.from_index);
  NoteChange(table, row.from_index);
  connection_->Insert(Name(table), "id, scope, from_index, to_index, recorded_ms, body",
                      {row.id, row.scope, row.from_index, row.to_index, row.recorded_ms, row.body});
}

void Transaction::Close(Table table, std::string_view id, std::int64_t at_index) {
  const bool open = !connection_
                         ->Query("SELECT id FROM " + std::string(Name(table)) +
                                     " WHERE id = :p1 AND to_index = :p2",
                                 {std::string(id), kForever}, 1, {Name(table), id})
                         .empty();
  if (!open) return;
  connection_->Run("UPDATE " + std::string(Name(table)) +
                       " SET to_index = :p1 WHERE id = :p2 AND to_index = :p3",
                   {at_index, std::string(id), kForever});
  NoteChange(table, at_index);
}

void Transaction::NoteChange(Table table, std::int64_t idx) {
  if (!IsKept(table) || RegistersChanged(idx + 1) == idx) return;
  connection_->Insert("register_change", "idx", {idx});
}

void Transaction::AddMeasurement(const MeasurementRow& row) {
  connection_->Insert(
      "measurement",
      "measurement_key, instrument, configuration, procedure_id, purpose, acquired_at, "
      "acquired_ms, received_at, idx, decided_idx, outcome, review, body",
      {row.key, row.instrument, row.configuration, row.procedure, row.purpose, row.acquired_at,
       row.acquired_ms, row.received_at, row.idx, row.decided_idx, row.outcome, row.review,
       row.body});
}

void Transaction::AddQuantity(const QuantityRow& row) {
  connection_->Insert(
      "quantity",
      "measurement_key, position, subject, quantity, definition, channel, qualifier, acquired_ms, "
      "decided_idx, body",
      {row.measurement, row.position, row.subject, row.quantity, row.definition, row.channel,
       row.qualifier, row.acquired_ms, row.decided_idx, row.body});
}

void Transaction::AddToken(const TokenRow& row) {
  connection_->Insert("token", "digest, subject, role", {row.digest, row.subject, row.role});
}

void Transaction::DropTokens(std::string_view subject) {
  connection_->Run("DELETE FROM token WHERE subject = :p1", {std::string(subject)});
}

void Transaction::SetEnrolment(const EnrolmentRow& row) {
  DropEnrolment(row.agent);
  connection_->Run(
      "INSERT INTO enrolment (digest, agent, instruments, expires_ms) VALUES (:p1, :p2, :p3, :p4)",
      {row.digest, row.agent, row.instruments, row.expires_ms});
}

void Transaction::DropEnrolment(std::string_view agent) {
  connection_->Run("DELETE FROM enrolment WHERE agent = :p1", {std::string(agent)});
}

void Transaction::SetInbox(const InboxRow& row) {
  connection_->Run("DELETE FROM inbox WHERE agent = :p1", {row.agent});
  connection_->Insert("inbox", "agent, reported_at, body", {row.agent, row.reported_at, row.body});
}

void Transaction::Commit() {
  connection_->Commit();
  open_ = false;
}

}  // namespace sop::store
