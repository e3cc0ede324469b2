package metrics

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Publisher sends the counts of invocations to CloudWatch. It is safe for concurrent use.
// It never delays an invocation by more than 5 ms and never fails one: its errors are for
// the log.
type Publisher interface {
	// Begin marks the start of an invocation. It returns at once.
	Begin(ctx context.Context)

	// Publish takes the counts of an invocation that ends. Its error reports failures since
	// the last error, at most once a minute.
	Publish(ctx context.Context, inv Invocation) error

	// Flush sends pending metrics before the process ends. It returns when all are sent, a
	// send fails, or ctx ends.
	Flush(ctx context.Context) error
}

// Mode says how metrics are published.
type Mode string

const (
	ModeCloudWatch Mode = "cloudwatch" // with PutMetricData
	ModeEMF        Mode = "emf"        // embedded metric format on standard output
	ModeNone       Mode = "none"
)

// ParseMode returns the mode with this name.
func ParseMode(name string) (Mode, error) {
	switch m := Mode(name); m {
	case ModeCloudWatch, ModeEMF, ModeNone:
		return m, nil
	}
	return "", fmt.Errorf("%q is not a way to publish metrics; use cloudwatch, emf or none", name)
}

// DefaultNamespace is the namespace of aws-lambda-fanout.
const DefaultNamespace = "Custom/FanOut"

// CheckNamespace checks a namespace against the rules of PutMetricData (CloudWatch API
// reference).
func CheckNamespace(namespace string) error {
	switch {
	case namespace == "" || len(namespace) > 255:
		return fmt.Errorf("the namespace has %d characters; it must have 1 to 255", len(namespace))
	case !printable(namespace):
		return fmt.Errorf("the namespace %q has characters that are not printable ASCII", namespace)
	case strings.HasPrefix(namespace, "AWS/") || namespace[0] == ':':
		return fmt.Errorf("the namespace %q must not begin with AWS/ or a colon", namespace)
	}
	return nil
}

// New returns the publisher for a mode. Only ModeCloudWatch uses client, and only ModeEMF
// uses out.
func New(mode Mode, namespace string, client Client, out io.Writer) Publisher {
	switch mode {
	case ModeCloudWatch:
		return NewCloudWatch(client, namespace)
	case ModeEMF:
		return NewEMF(out, namespace)
	default:
		return none{}
	}
}

// none publishes nothing.
type none struct{}

func (none) Begin(context.Context)                     {}
func (none) Publish(context.Context, Invocation) error { return nil }
func (none) Flush(context.Context) error               { return nil }
