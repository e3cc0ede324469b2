package firehose

import (
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

// Type is the type of targets that are delivery streams of Amazon Data Firehose.
var Type = &sinks.Type{
	Name:        "firehose",
	Synonyms:    []string{"delivery-stream"},
	Destination: "ARN of the delivery stream",
	Form:        `^([A-Za-z0-9_.-]{1,64}|arn:aws(-[^:]*)?:firehose:[a-z0-9-]+:[0-9]{12}:deliverystream/[A-Za-z0-9_.-]{1,64})$`,
	Examples:    []string{"orders-lake", "arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders-lake"},
	Parse:       Parse,
	Check:       checkAccount,
	Open:        open,
	Rights:      rights,

	MaxBatchRecords: maxRecords, MaxBatchBytes: maxBytes, MaxRecordBytes: maxRecordBytes,

	Traits: sinks.Traits{Concat: true, Compress: true, FixedRecords: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	return New(cfg, s.Destination.Name), nil
}

// checkAccount checks the account of a delivery stream. Firehose takes only a name, so a
// call reaches the stream of that name in the caller's account (Firehose API,
// PutRecordBatch).
func checkAccount(s *sinks.Spec, f sinks.Findings) {
	account := s.Destination.Account
	if account == "" || f.HasFault("role") {
		return
	}
	if role, err := arn.Parse(s.Role); err == nil {
		if role.AccountID != account {
			f.Fault("role", "is of the account %s, where Firehose is called then, and the destination is of %s; name a role of that account", role.AccountID, account)
		}
		return
	}
	if source, err := arn.Parse(s.SourceARN); err == nil && source.AccountID != account {
		f.Warn("destination", "is of the account %s, and Firehose is called in that of the function; unless they are one, name a role of %s", account, account)
	}
}
