package doctor

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// A mapping of Kafka outside of provisioned mode asks for no report, and the doctor names the
// flag that switches it on. Lambda's iterator age is not of Kafka.
func TestKafkaMapping(t *testing.T) {
	const topic = "arn:aws:kafka:eu-west-1:123456789012:topic/demo/0123-1/orders"
	p := &examination{
		Doctor: &Doctor{Function: "fanout"}, activeFrom: map[string]int{topic: 1, "kafka://b:9092/other": 1},
		hooks: []types.EventSourceMappingConfiguration{{EventSourceArn: aws.String(topic), State: aws.String("Enabled"), LastProcessingResult: aws.String("PROBLEM: Connection error. Please check your event source connection configuration.")}},
	}
	p.options.ReportBatchItemFailures = true
	for name, tt := range map[string]struct {
		found []Finding
		want  string
		fix   string
	}{
		"report":  {p.reports(t.Context()), "error FANOUT_REPORT_BATCH_ITEM_FAILURES is true, but the mapping of kafka:orders does not have ReportBatchItemFailures", "--minimum-pollers 1"},
		"sources": {p.sources(t.Context()), "error it has active targets, but no mapping", "--source-arn kafka://b:9092/other"},
		"mapping": {p.mapping(t.Context(), &p.hooks[0]), `error Lambda reports "PROBLEM: Connection error`, "log"},
	} {
		if len(tt.found) == 0 || !strings.HasPrefix(string(tt.found[0].Status)+" "+tt.found[0].Text, tt.want) || !strings.Contains(tt.found[0].Do, tt.fix) {
			t.Errorf("%s: %+v", name, tt.found)
		}
	}
	if found := p.lag(t.Context()); found != nil {
		t.Errorf("%+v", found)
	}
}
