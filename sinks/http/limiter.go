package http

import (
	"sync"

	"golang.org/x/time/rate"
)

// pacers has the limiter of each URL and rate. All targets of the process with both in
// common share it, also those of other sources. It stays when the targets are read again,
// so a change of another attribute gives no new allowance.
var pacers sync.Map // of pacerKey to *rate.Limiter

type pacerKey struct {
	url       string
	perSecond int
}

// pacer returns the limiter of requests to a URL. It spaces them evenly: a burst of one
// keeps every second below its limit.
func pacer(url string, perSecond int) *rate.Limiter {
	shared, _ := pacers.LoadOrStore(pacerKey{url, perSecond}, rate.NewLimiter(rate.Limit(perSecond), 1))
	return shared.(*rate.Limiter) //nolint:forcetypeassert // nothing else is stored
}
