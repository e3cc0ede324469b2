// Package integration tests bin/fanout and bin/bootstrap against servers that were not
// written with fanout in mind. `make integration` installs what is missing, starts
// them on free loopback ports, and runs it. TARGETS.md says what is shown of each type
// of target.
//
//   - moto is Kinesis, Firehose with S3, SQS, SNS, IoT, Lambda, DynamoDB and its
//     streams, STS, Secrets Manager and CloudWatch. It keeps no messages of IoT and
//     runs no functions here, so those requests are read back from its recording.
//   - kinesis-local is a second Kinesis, which refuses records as the service does.
//     It listens on all interfaces whatever it is told.
//   - redis-server and memcached are Debian's. What names the nodes of a memcached
//     cluster exists at ElastiCache only, so a stub does that.
//   - OpenSearch has no package of its server anywhere but on its own site. Its jars
//     are on Maven Central: opensearch.sh puts together a server that has the core and
//     the HTTP module, without security plugin. So signed requests, users, and
//     OpenSearch Serverless are tested against internal/testing/awsfake alone.
package integration
