// Package account describes how the commands look up the destinations of a type in an AWS
// account. Each type has its description in a separate package, which the function does
// not link.
package account

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/sinks"
)

// Type describes a type of target for the commands. If a type has none, its destinations
// are complete, and the commands look nothing up.
//
// cfg is the configuration for calls in the destination's region, with the rights of the
// caller of the command.
type Type struct {
	For  *sinks.Type
	What string // a destination, in a sentence: stream, queue, topic

	// IsFull reports whether text is a complete destination, not a name to look up.
	IsFull func(text string) bool

	// ByName says that the function itself finds a destination by name.
	ByName bool

	// Part, if set, is a part of the destination that has a flag of its own.
	Part *Part

	// LookUp returns the complete destination for the name of a resource. It fails with a
	// *CallError if a call fails.
	LookUp func(ctx context.Context, cfg aws.Config, name, part string) (string, error)

	// Inspect looks at the destination of a target. Its error is that of a call.
	Inspect func(ctx context.Context, cfg aws.Config, s *sinks.Spec) (State, error)

	// Key returns the id, ARN or alias of the KMS key that encrypts the destination; "" if
	// there is none. If Key is nil, the service encrypts with rights of its own.
	Key func(ctx context.Context, cfg aws.Config, at sinks.Place, s *sinks.Spec) (string, error)

	// Endpoint returns the name of the destination's service in VPC endpoints; "" if none
	// is needed (AWS PrivateLink guide, AWS services that integrate with AWS PrivateLink).
	Endpoint func(s *sinks.Spec) string

	// Prices and Latencies are the type's lines in the files of fanout tune, below targets,
	// with its name as key. If the type has FIFO destinations, NAME.fifo is another key.
	Prices, Latencies string
}

// Part is a part of the destination with a flag of its own.
type Part struct {
	Flag  string
	Usage string                                // of the flag
	Of    string                                // the object that --destination names then
	Join  func(destination, part string) string // adds the part, unless it is there
}

// CallError is the error for a resource whose look-up failed.
type CallError struct {
	What, Name string
	Err        error // of the call
}

func (e *CallError) Error() string {
	return fmt.Sprintf("the %s %q cannot be looked up: %v", e.What, e.Name, e.Err)
}

func (e *CallError) Unwrap() error { return e.Err }

// Found returns a *CallError for a call that failed with err, nil if err is nil.
func Found(what, name string, err error) error {
	if err == nil {
		return nil
	}
	return &CallError{what, name, err}
}

// IsARNOrURL is the IsFull of many types.
func IsARNOrURL(text string) bool {
	return strings.HasPrefix(text, "arn:") || strings.Contains(text, "://")
}

// State is the result of [Type.Inspect]. At most one of Unseen, Fault, Doubt and Inside is set.
type State struct {
	Name string // of the resource; "": the destination

	Unseen string // why the destination cannot be seen from here
	Fault  string // why it takes no records
	Doubt  string // why it may be a wrong one

	// The remedy of a fault or doubt: a sentence, or else the flags of fanout update.
	Do    string
	Flags []string

	// Inside is why a function that refuses addresses inside a network does not connect to the
	// destination (FANOUT_HTTP_PRIVATE); "": it does.
	Inside string

	Host  string // an own host of the destination, which may answer only in its network
	InVPC bool   // reached only from inside its VPC
	Limit Limit
}

// Limit is the limit of a destination for one record or message.
type Limit struct {
	Bytes   int    // 0: unknown
	Default int    // the limit of a target without maxRecordBytes
	Setting string // of the destination, which raises it
	Unit    int    // of the setting, in bytes
}

// Status is the State of a destination with a status, which is good or not.
func Status(what string, s *sinks.Spec, status string, good ...string) State {
	if slices.Contains(good, status) {
		return State{}
	}
	return State{
		Fault: fmt.Sprintf("the %s %s is %s", what, s.Destination, strings.ToLower(status)),
		Do:    "wait, or check it in the console",
	}
}
