package hooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fanout/internal/provision/cloud"
)

// undoTime is how long taking back what was written may last, also where the command
// was interrupted.
const undoTime = 30 * time.Second

// steps are what was written so far, each as what takes it back.
type steps []func(ctx context.Context) error

func (s *steps) add(back func(ctx context.Context) error) { *s = append(*s, back) }

// undo takes back what was written, the last step first, if a later step was refused
// with err. It returns err with what could not be taken back. What may have been done
// all the same keeps what it needs.
func (s *steps) undo(ctx context.Context, err error) error {
	if err == nil || !cloud.IsRefused(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	for i := len(*s) - 1; i >= 0; i-- {
		if left := (*s)[i](ctx); left != nil {
			err = errors.Join(err, fmt.Errorf("what was written before it is not taken back: %w", left))
		}
	}
	return err
}
