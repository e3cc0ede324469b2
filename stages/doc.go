// Package stages holds the stages between a source and a target:
//
//   - [Decompress] decompresses data
//   - [Deaggregate] unpacks KPL-aggregated Kinesis records
//   - [ConvertDDB] turns DynamoDB JSON into plain JSON
//   - [Filter] takes out the records that do not match an event pattern
//   - [View] makes another part of a DynamoDB record its data
//   - [Transform] makes records with a jq program
//   - [Key] gives records another key
//   - [Envelope] puts data into CloudEvents or change events of Debezium
//   - [Collapse] merges several records into one message
//   - [Newline] ends each record with a newline
//   - [Compress] compresses records and messages
//   - [Shape] lowers the bounds of a request
//
// Every stage is a comparable value whose fields are its options. It is safe for
// concurrent use, and never writes into its input. A record that a stage cannot
// read fails alone, with a permanent error that holds no data.
package stages
