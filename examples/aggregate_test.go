package examples

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/awslabs/kinesis-aggregation/go/v2/deaggregator"

	"fanout/internal/testing/awsfake"
)

// The example of aggregates fills a stream of four shards. What the stream has is in the file that
// ends in .txt, read by awslabs/kinesis-aggregation.
func TestAggregate(t *testing.T) {
	fake, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	const stream = "kinesis/orders-replica"
	fake.SetShards(stream, 0, 4)
	cmd := exec.Command("fanout", "run", "--targets", "aggregate/replica.yaml", "--event", "aggregate/event.json")
	cmd.Env = append(os.Environ(), "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIAMADEUP", "AWS_SECRET_ACCESS_KEY=made-up", "AWS_ENDPOINT_URL="+fake.URL(),
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var b strings.Builder
	for _, rec := range fake.Records(stream) {
		fmt.Fprintf(&b, "%s\n", rec.Shard)
		users, err := deaggregator.DeaggregateRecords([]types.Record{{Data: rec.Data, PartitionKey: &rec.PartitionKey}})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range users {
			fmt.Fprintf(&b, "  %s %s\n", *u.PartitionKey, u.Data)
		}
	}
	same(t, "aggregate/replica.txt", []byte(b.String()))
}
