package metrics

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Publisher takes the counts of invocations to CloudWatch. It is safe for
// concurrent use, never holds an invocation for more than 5 ms, and never fails
// one: its errors are for the log.
type Publisher interface {
	// Begin says that an invocation begins. It returns at once.
	Begin(ctx context.Context)

	// Publish takes the counts of an invocation that ends. Its error tells what
	// went wrong since the last one; there is one a minute at most.
	Publish(ctx context.Context, inv Invocation) error

	// Flush sends what is left, for the end of the process. It returns when all is
	// sent, something failed, or ctx ended.
	Flush(ctx context.Context) error
}

// Mode says how metrics are published.
type Mode string

const (
	ModeCloudWatch Mode = "cloudwatch" // with PutMetricData
	ModeEMF        Mode = "emf"        // embedded metric format on standard output
	ModeNone       Mode = "none"
)

// ParseMode returns the mode of that name.
func ParseMode(name string) (Mode, error) {
	switch m := Mode(name); m {
	case ModeCloudWatch, ModeEMF, ModeNone:
		return m, nil
	}
	return "", fmt.Errorf("%q is not a way to publish metrics; take cloudwatch, emf or none", name)
}

// DefaultNamespace is the predecessor's.
const DefaultNamespace = "Custom/FanOut"

// CheckNamespace says what is wrong with a namespace, by the rules of CloudWatch's
// API reference, PutMetricData.
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

// New returns the publisher of a mode. It uses client for ModeCloudWatch and out
// for ModeEMF alone.
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
