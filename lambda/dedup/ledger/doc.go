// Package ledger records in a DynamoDB table which targets have which records of a batch
// that Lambda sends again. Any instance of the function can then send only the missing
// records.
//
// The table has the keys shard (hash, S) and batch (range, S). Its time-to-live attribute
// is expires:
//
//	shard    S  the function, the source and the shard
//	batch    S  the batch's highest sequence number, after its length in three
//	            digits, so that these strings sort as the numbers do
//	expires  N  when the item is no longer useful, Unix seconds
//	written  N  when it was written, Unix nanoseconds
//	records  B  the names of the batch's records, and of parts of them
//	has      M  by fingerprint of a target, B: a bit for each of records
//	digest   B  HMAC-SHA-256 of all the others
//
// An item describes a batch after one attempt. If several items name a record, the one
// written last counts. Items need no conditions and no locks. An item that is lost,
// overwritten with less, or read too late causes a duplicate, but never loses a record. An
// item with a wrong digest is ignored and never unpacked.
package ledger
