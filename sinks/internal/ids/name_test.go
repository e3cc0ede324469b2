package ids_test

import (
	"regexp"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/sinks/internal/ids"
)

// Names have the characters and the length that Step Functions takes, and differ where source,
// lane, sequence number or part do.
func TestName(t *testing.T) {
	ok := regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	kinesis := strings.Repeat("4", 56)
	recs := []engine.Record{
		{Lane: "shardId-000000000000", Seq: kinesis}, {Lane: "shardId-000000000001", Seq: kinesis}, {Lane: "shardId-000000000000", Seq: kinesis, Sub: 1},
		{Lane: "l", Seq: "a b"}, {Lane: "l", Seq: ""}, {Lane: "l", Seq: strings.Repeat("4", 64)}, {Lane: "l", Seq: "\x00\xFF"},
	}
	recs = append(recs, engine.Merge(recs[:2], engine.Payload{}), engine.Merge(recs[:3], engine.Payload{}))
	seen := make(map[string]int)
	for _, o := range []ids.Origin{"", ids.OriginOf("arn")} {
		for i := range recs {
			name := o.Name(&recs[i])
			if k, dup := seen[name]; dup || !ok.MatchString(name) {
				t.Errorf("record %d has the name %q, as record %d: %v", i, name, k, dup)
			}
			seen[name] = i
			if i < 3 && !strings.HasPrefix(name, kinesis+"-") {
				t.Errorf("the name %q does not begin with the sequence number", name)
			}
		}
	}
	one := engine.Merge(recs[:1], engine.Payload{})
	if one.Lane = "other"; ids.Origin("").Name(&one) != ids.Origin("").Name(&recs[0]) {
		t.Error("a message of one record has another name than the record")
	}
}
