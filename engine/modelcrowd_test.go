package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// modelCrowd returns targets that hang until the end of the run, and some beyond it.
// With few slots they would starve the others.
func modelCrowd(rnd *rand.Rand) (hanging []engine.Target) {
	inFlight := rnd.IntN(2) * rnd.IntN(33)
	for i := range 12 + rnd.IntN(24) {
		deaf := rnd.IntN(8) == 0
		hanging = append(hanging, engine.Target{ID: fmt.Sprint("hangs-", i), InFlight: inFlight, Sink: &enginetest.Sink{
			Bounds: engine.Limits{Records: 1 + rnd.IntN(3)},
			Whole: func(ctx context.Context, _ []engine.Record) error {
				<-ctx.Done()
				if deaf {
					time.Sleep(hangTime)
				}
				return ctx.Err()
			},
		}})
	}
	return hanging
}
