package hooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fanout/internal/awserr"
)

// undoTime bounds the undoing of earlier steps, even after an interrupt.
const undoTime = 30 * time.Second

// steps holds the undo function of each step so far.
type steps []func(ctx context.Context) error

func (s *steps) add(back func(ctx context.Context) error) { *s = append(*s, back) }

// undo undoes the steps so far, last first, if AWS refused a later step with err. It
// returns err joined with the errors of undoing. If the later step may have taken
// effect after all, the earlier steps stay, because it needs them.
func (s *steps) undo(ctx context.Context, err error) error {
	if err == nil || !awserr.IsRefused(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	for i := len(*s) - 1; i >= 0; i-- {
		if left := (*s)[i](ctx); left != nil {
			err = errors.Join(err, fmt.Errorf("the earlier changes cannot be undone: %w", left))
		}
	}
	return err
}
