package target

import "fanout/internal/awsname"

// Failures is the id, in logs, of the queue that takes what targets without onFailure
// reject. No target can have it, because it is not in the table.
const Failures = "(failures)"

// FailuresQueue returns the target that stands for a queue, given by ARN, which takes what
// targets of a source without onFailure reject.
func (c *Catalog) FailuresQueue(source, queue string) Loaded {
	return c.Read(Values{
		"sourceArn":   {Kind: String, Text: source},
		"id":          {Kind: String, Text: Failures},
		"type":        {Kind: String, Text: "sqs"},
		"destination": {Kind: String, Text: queue},
		"active":      {Kind: Bool, Text: "false"},
	}, Failures)
}

// IsFailuresQueue reports whether text is the ARN of a queue, as [Catalog.FailuresQueue] takes
// it.
func IsFailuresQueue(text string) bool {
	a, err := awsname.ParseARN(text, "sqs", "")
	return err == nil && awsname.IsFIFOName(a.Resource, 80)
}

// Diverts reports whether l's rejected records go to a default queue for failures. They do
// not if l has an onFailure, if it takes what others reject, or if it is this queue.
func (l *Loaded) Diverts(queue string, all []Loaded) bool {
	if queue == "" || l.Spec.OnFailure != "" || l.Attributes["destination"].Text == queue {
		return false
	}
	for i := range all {
		if all[i].Spec.OnFailure == l.ID && all[i].Spec.SourceARN == l.Spec.SourceARN {
			return false
		}
	}
	return true
}
