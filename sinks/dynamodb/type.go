package dynamodb

import (
	"cmp"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/awsenv"
	"fanout/sinks/internal/place"
)

// Type is the type of targets that are DynamoDB tables.
var Type = &sinks.Type{
	Name:        "dynamodb",
	Synonyms:    []string{"ddb", "table"},
	Destination: "ARN of the table",
	Form:        `^([A-Za-z0-9_.-]{3,255}|arn:aws(-[^:]*)?:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]{3,255})$`,
	Examples:    []string{"orders-replica", "arn:aws:dynamodb:us-east-1:123456789012:table/orders"},
	Parse:       Parse,
	Open:        open,
	Rights:      rights,
	Resource:    Resource,

	MaxBatchRecords: maxRecords,

	Traits: sinks.Traits{Items: true, Replica: true, FixedRecords: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	return New(cfg, Table{
		Name: s.Destination.NameOrARN(), Plain: isPlain(s), Tombstone: tombstone(s),
	}, sinks.Source(s.SourceARN)), nil
}

// isPlain reports whether the data of the target's records is plain JSON.
func isPlain(s *sinks.Spec) bool { return s.ConvertDDB || !s.FromTable() }

// tombstone returns the attribute that makes tombstones expire. It is "" if the target has no
// tombstones.
func tombstone(s *sinks.Spec) string {
	if s.Tombstone == sinks.NoTombstone {
		return ""
	}
	return cmp.Or(s.Tombstone, ExpiresAttribute)
}

// Parse parses the name or ARN of a table.
func Parse(text string) (sinks.Destination, error) {
	return place.Stream(text, "dynamodb", "table", 255)
}
