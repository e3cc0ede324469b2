// Package stages holds the stages that fanout puts between a source and a target:
//
//   - [Deaggregate] unpacks KPL-aggregated Kinesis records
//   - [ConvertDDB] turns DynamoDB JSON into plain JSON
//   - [Collapse] puts several records into one message
//   - [Newline] ends each record with a newline
//   - [Shape] lowers what one request holds
//
// Every stage is a comparable value whose fields are its options, safe for
// concurrent use, and never writes into the data it is given. A record that a
// stage cannot read fails by itself, with a permanent error that holds no data.
package stages
