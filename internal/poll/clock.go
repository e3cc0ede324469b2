package poll

import (
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

const (
	// hostsDiffer is more than the clocks of a service's hosts differ. One host
	// stamps a record, and another dates an answer.
	hostsDiffer = 2 * time.Second

	// clocksDiffer is the assumed error of this machine's clock if the service does
	// not show its own. AWS refuses requests from a clock that is further off
	// (Signature Version 4, troubleshooting).
	clocksDiffer = 5 * time.Minute
)

// Clock is the clock of a service as seen from this machine. The service stamps
// records with it, and this machine's own clock may be wrong. A Clock is safe for
// concurrent use.
type Clock struct {
	mu          sync.Mutex
	known       bool
	least, most time.Duration // bounds on how far the service's clock is ahead
}

// Learn reads the Date of an answer to a request that was sent at the given time.
func (c *Clock) Learn(sent time.Time, m middleware.Metadata) {
	date, ok := awsmiddleware.GetServerTime(m)
	received, ok2 := awsmiddleware.GetResponseAt(m)
	if !ok || !ok2 {
		return
	}
	// A Date has whole seconds, and lies between request and answer.
	least, most := date.Sub(received), date.Add(time.Second).Sub(sent)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		narrow, narrower := max(least, c.least), min(most, c.most)
		if narrow <= narrower { // otherwise one of the clocks was set
			least, most = narrow, narrower
		}
	}
	c.known, c.least, c.most = true, least, most
}

// Now returns the service's time: this machine's time, if that is within the
// bounds.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(min(max(0, c.least), c.most))
}

// earliest returns a lower bound on the timestamps of future records.
func (c *Clock) earliest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		return time.Now().Add(-clocksDiffer)
	}
	return time.Now().Add(c.least - hostsDiffer)
}
