package lint

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"fanout/internal/provision/cloud"
)

// Streams maps the ARN of any stream of a DynamoDB table to the table's current stream;
// "" if it has none. Streams of tables that could not be looked up are missing.
type Streams map[string]string

// StreamsOf looks up the tables behind the streams among sources.
func StreamsOf(ctx context.Context, api dynamodb.DescribeTableAPIClient, sources []string) Streams {
	streams := make(Streams)
	tables := make(map[string]*string) // streams by table; nil: unknown
	for _, source := range sources {
		table, ok := cloud.TableOf(source)
		if !ok {
			continue
		}
		if _, asked := tables[table]; !asked {
			tables[table] = nil
			if now, err := cloud.StreamNow(ctx, api, source); err == nil {
				tables[table] = &now
			}
		}
		if now := tables[table]; now != nil {
			streams[source] = *now
		}
	}
	return streams
}

// Former returns the fault of a source that is a former stream of its table; "" if it
// is not. known is false if the current stream is unknown.
func (s Streams) Former(source string) (fault string, known bool) {
	now, known := s[source]
	switch {
	case !known || now == source:
		return "", known
	case now == "":
		return "is a disabled stream, which sends no records; enable the table's stream, and change sourceArn to its new ARN with fanout export and fanout apply --prune", true
	}
	return fmt.Sprintf("is a former stream of the table, which sends no records; change it to the current stream, %s, with fanout export and fanout apply --prune", now), true
}
