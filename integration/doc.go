// Package integration tests bin/fanout and bin/bootstrap against servers that were not
// written for fanout. `make integration` installs missing programs, starts the servers on
// free loopback ports, and runs the tests. TARGETS.md lists the tested properties of each
// type of target.
//
//   - moto is Kinesis, Firehose with S3, SQS, SNS, IoT, Lambda, DynamoDB and its
//     streams, STS, Secrets Manager and CloudWatch. It keeps no IoT messages and
//     runs no functions here, so the tests read those requests from its recording.
//   - kinesis-local is a second Kinesis, which refuses records as the service does.
//     It always listens on all interfaces, regardless of its settings.
//   - redis-server and memcached are Debian's. Only ElastiCache has an endpoint that
//     lists the nodes of a memcached cluster, so the tests use a stub.
//   - The OpenSearch server has a package only on its own site, but its jars are on
//     Maven Central: opensearch.sh builds a server from the core and the HTTP module,
//     without the security plugin. So signed requests, users, and OpenSearch
//     Serverless are tested only against internal/testing/awsfake.
package integration
