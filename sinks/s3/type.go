package s3

import (
	"strings"

	"fanout/engine"
	"fanout/sinks"
	"fanout/sinks/awsenv"
)

// Type is the type of targets that are buckets of Amazon S3.
var Type = &sinks.Type{
	Name:        "s3",
	Synonyms:    []string{"bucket"},
	Destination: "URL of the bucket and a prefix",
	Form:        `^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$`,
	Examples:    []string{"s3://lake/orders", "s3://lake/orders/day=${year}-${month}-${day}"},
	Parse:       Parse,
	Open:        open,
	Store:       openStore,
	Rights:      rights,

	MaxBatchBytes: maxBytes,

	Traits: sinks.Traits{Compress: true, Objects: true, Prefix: true, FixedRecords: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	cfg, err := awsenv.Config(env, s)
	if err != nil {
		return nil, err
	}
	return New(cfg, Options{
		Bucket: s.Destination.Name, Prefix: s.Destination.Path, Source: s.SourceARN, Target: s.ID, Compress: s.Compress,
	})
}

// rights allow objects below the text of the prefix before its first place.
func rights(at sinks.Place, s *sinks.Spec) ([]sinks.Right, error) {
	text, _, _ := strings.Cut(strings.TrimPrefix(s.Destination.Path, "/"), "${")
	return []sinks.Right{{
		Sid: "PutToS3", Actions: []string{"s3:PutObject"},
		Resource: "arn:" + at.Partition + ":s3:::" + s.Destination.Name + "/" + sinks.Literal(text) + "*",
	}}, nil
}
