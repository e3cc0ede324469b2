// Package ledger keeps in a DynamoDB table which targets have which records of
// batches that Lambda sends again, so that any instance of the function can send
// only what is missing.
//
// The table has the keys shard (hash, S) and batch (range, S), and expires is its
// attribute for time to live:
//
//	shard    S  the function, the source and the shard
//	batch    S  the batch's highest sequence number, after its length in three
//	            digits, so that these strings sort as the numbers do
//	expires  N  when the item is of no use any more, Unix seconds
//	written  N  when it was written, Unix nanoseconds
//	records  B  the names of the batch's records, and of parts of them
//	has      M  by fingerprint of a target, B: a bit for each of records
//	digest   B  HMAC-SHA-256 of all the others
//
// An item is how an attempt left its batch: of several that name a record, the one
// written last holds. Items need no conditions and no locks. One that is lost,
// overwritten with less, or not read in time costs a duplicate, and never a record. One
// whose digest is wrong is ignored, and nothing of it is unpacked.
package ledger
