package status

import (
	"cmp"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"fanout/internal/awsname"
	"fanout/internal/provision/registry"
)

// arrange makes the sources from mappings and targets.
func (d *reading) arrange() {
	d.unknown("targets", d.targetsErr)
	if d.targetsFile() {
		d.Unknown = append(d.Unknown, Unknown{"targets", "the function reads them from the file " + d.options.TargetsFile + " in its package"})
	}
	d.unknown("mappings", d.hooksErr)
	for i := range d.hooks {
		d.source(aws.ToString(d.hooks[i].EventSourceArn)).Mapping = mappingOf(&d.hooks[i])
	}
	for i := range d.targets {
		t := &d.targets[i]
		readers := d.readers(t.Spec.SourceARN)
		if len(readers) == 0 {
			readers = append(readers, t.Spec.SourceARN)
		}
		for _, arn := range readers {
			s := d.source(arn)
			s.Targets = append(s.Targets, d.targetOf(t))
		}
	}
	for i := range d.Sources {
		s := &d.Sources[i]
		s.Unread = d.hooksErr != nil && !s.Topic
	}
	slices.SortFunc(d.Sources, func(a, b Source) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ARN, b.ARN)) })
}

// source returns the source with an ARN, and adds it if it is new.
func (d *reading) source(arn string) *Source {
	i := slices.IndexFunc(d.Sources, func(s Source) bool { return s.ARN == arn })
	if i < 0 {
		i = len(d.Sources)
		d.Sources = append(d.Sources, Source{ARN: arn, Name: awsname.Source(arn), Topic: isTopic(arn), Targets: []Target{}})
	}
	return &d.Sources[i]
}

// readers returns the mapped sources whose records go to the targets of a source: itself,
// and consumers of the stream that have no targets of their own.
func (d *reading) readers(source string) []string {
	var all []string
	for i := range d.hooks {
		arn := aws.ToString(d.hooks[i].EventSourceArn)
		own := slices.ContainsFunc(d.targets, func(e registry.Entry) bool { return e.Spec.SourceARN == arn })
		if arn == source || !own && stream(arn) == source {
			all = append(all, arn)
		}
	}
	return all
}

// targetOf converts a target of the table.
func (d *reading) targetOf(e *registry.Entry) Target {
	t := Target{ID: e.ID, Type: e.Text("type"), Destination: e.Destination(), OnFailure: e.Spec.OnFailure, Condition: Idle, queue: d.queueOf(e)}
	switch {
	case !e.Active():
		t.Condition = Inactive
	case e.Err() != nil:
		t.Condition, t.fault = Faulty, e.Faults[0].Error()
	}
	return t
}

// queueOf returns the queue that takes a target's failed records, for redrive; "" if none
// does.
func (d *reading) queueOf(e *registry.Entry) string {
	if e.Spec.OnFailure == "" {
		return d.options.OnFailure
	}
	for i := range d.targets {
		if o := &d.targets[i]; o.ID == e.Spec.OnFailure && o.Spec.SourceARN == e.Spec.SourceARN && o.Text("type") == "sqs" {
			return o.Text("destination")
		}
	}
	return ""
}

// callOf names the call that failed.
func callOf(err error) (service, operation string) {
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return op.Service(), op.Operation()
	}
	return "", ""
}
