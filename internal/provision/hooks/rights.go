package hooks

import (
	"context"
	"strings"

	"fanout/internal/awserr"
)

// withRights makes a call that depends on rights of the function's role. It retries
// until new rights have reached Lambda.
func (h *Hooks) withRights(ctx context.Context, call func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := call(ctx)
		if err == nil || !h.Granted || !lacksRights(err) || wait(ctx) != nil {
			return err
		}
	}
}

// lacksRights reports whether Lambda says that the role may not read the source, or may
// not send to the destination for failures. Only the text of the error says so.
func lacksRights(err error) bool {
	if !awserr.HasCode(err, "InvalidParameterValueException") {
		return false
	}
	for _, words := range []string{"Cannot access stream", "Please ensure the role can perform", "does not have permissions to call"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}
