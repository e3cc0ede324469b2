package file

import (
	"fanout/engine"
	"fanout/sinks"
)

// Type is the type of targets that are files.
var Type = &sinks.Type{
	Name:        "file",
	Destination: "a path",
	Examples:    []string{"out.jsonl", "-"},
	Parse:       func(text string) (sinks.Destination, error) { return sinks.Destination{Path: text}, nil },
	Open:        open,
	Traits:      sinks.Traits{NoAWS: true, Disk: true, Compress: true, Prefix: true, FixedRecords: true},
}

func open(env sinks.Env, s *sinks.Spec) (engine.Sink, error) {
	d := &s.Destination
	switch {
	case d.Root != "":
		return NewBelow(d.Root, d.Path), nil
	case d.Path == "-" && !env.Stdout():
		return nil, engine.Errorf(engine.Permanent, "destination: - is standard output, which is the function's log, and records do not belong there; name a file")
	}
	return New(d.Path), nil
}
