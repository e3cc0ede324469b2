package target

import (
	"fanout/internal/awsname"
	"fanout/sinks"
)

// maxLanes is the most lanes of a target: all requests that a function has in flight by
// default.
const maxLanes = 32

// checkOrder checks the attributes of targets that keep order. It needs the type and the
// collapse mode.
func (c *checker) checkOrder() {
	switch c.text.order {
	case "", "key":
	case "request":
		c.spec.OrderRequests = true
	default:
		c.fault("order", "%s is unknown; write key or request", awsname.Quote(c.text.order))
	}
	if c.spec.Lanes > maxLanes {
		c.fault("lanes", "is %d; write at most %d", c.spec.Lanes, maxLanes)
	}
	if c.spec.Type == nil || c.broken["parallel"] {
		return
	}
	if !c.spec.Parallel && c.spec.FromStandardQueue() {
		c.warn("parallel", "false has no effect, because a standard queue has no order; read from a FIFO queue, or remove the attribute")
		return
	}
	if !c.spec.Ordered() {
		c.warnUnordered("lanes", c.spec.Lanes > 1)
		c.warnUnordered("order", c.spec.OrderRequests)
		return
	}
	if c.spec.OrderRequests && c.spec.Type.Prefix {
		c.warn("order", "has no effect on %s: a request to it may hold several records of a key without it", c.spec.Type)
	}
	switch lanes := c.spec.Lanes; {
	case lanes <= 1:
	case c.spec.Collapse != sinks.CollapseNone:
		c.warn("lanes", "has no effect with collapse %s, because a message has records of several keys; write collapse none", c.spec.Collapse)
	case c.spec.InFlight > 0 && lanes > c.spec.InFlight:
		c.warn("lanes", "is %d, but inFlight allows %d requests at a time; raise inFlight, or lower lanes", lanes, c.spec.InFlight)
	}
}

// warnUnordered warns of an attribute that a target without order has.
func (c *checker) warnUnordered(attribute string, set bool) {
	if set {
		c.warn(attribute, "has no effect without parallel false, which keeps order")
	}
}
